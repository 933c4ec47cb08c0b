using Sema.Onnx.Artifacts;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Runtime;
using Sema.Onnx.Verification.Synthesis;

namespace Sema.Onnx.Verification;

/// <summary>Checks the gradients of a whole model, without data, against differences of what the model computes.</summary>
/// <remarks>
/// <para>Inputs are drawn from the seed, and the loss is a random projection of the model's outputs (or of the last floats before them,
/// where an output is an integer), each scaled to unit size unless it is small beside the others. Where a final Sigmoid or
/// Softmax is saturated on the first inputs, the loss is about what goes into it. Images of a fixed size are made smaller where the model
/// runs on smaller ones; giving a shape prevents it. For each parameter w and a random direction v of w's size, the derivative
/// ⟨g, v⟩ of the training graph is compared with D = (L(w + h v) − L(w − h v)) / 2h. The error is |⟨g, v⟩ − D| over the largest of
/// |⟨g, v⟩|, |D|, ‖g‖‖v‖/√n (what ⟨g, v⟩ is in the root mean square over directions) and 1e-4 of the loss's scale (1e-3
/// in float32), so that differences of 1e-10 of it (1e-6) still count.</para>
/// <para>Model and differences are computed in float64 where ONNX Runtime can, and the gradients of the float32 training graph are compared
/// with the same differences. Where it cannot, all is float32 and directions lie half along the gradient, for the loss to change by more
/// than its rounding.</para>
/// <para>A step that carries an activation across a kink (ReLU, MaxPool, Clip, Abs) makes D no derivative. So where the model's own D
/// disagrees, it is taken of the smooth piece that the weights are on: the model with its choices (the side of each kink, the place of each
/// maximum) held at what they are at w, equal to the model there in value and gradient. Several steps are tried and the best agreement
/// counts. Float32 rounding can put an activation on the other side of a kink than float64: a float32 gradient out of tolerance is
/// compared with the piece that float32 chooses. Parameters that still fail are checked again on other inputs, three draws in
/// all: a wrong rule is wrong at every step, on every piece and every input. Random numbers that a model draws itself are held at a constant.</para>
/// </remarks>
public static class GradientCheck
{
    private const int MostDraws = 3;

    /// <summary>Checks a model.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="options">How; <see langword="null"/> for the defaults.</param>
    /// <param name="progress">Is told of each parameter.</param>
    /// <returns>The errors, and whether all are within the tolerance.</returns>
    /// <exception cref="InvalidModelException">The model is malformed, has no trainable weight, or no inputs were found that it runs on.</exception>
    /// <exception cref="Graphs.Autodiff.GradientNotDefinedException">An operator between a weight and the outputs has no gradient rule.</exception>
    /// <exception cref="RuntimeException">ONNX Runtime cannot run the model.</exception>
    /// <exception cref="GraphMismatchException">The training graph and the evaluation graph do not compute the same loss in float64.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static GradientCheckReport Run(string model, GradientCheckOptions? options = null, IProgress<GradientCheckProgress>? progress = null) =>
        Run(model, options ?? new(), progress, _ => { });

    /// <summary>Checks a model whose training graphs are changed first: what a check must notice.</summary>
    internal static GradientCheckReport Run(string path, GradientCheckOptions options, IProgress<GradientCheckProgress>? progress, Action<Model> change)
    {
        options.Validate();
        var (inputs, model) = SyntheticInputs.Find(path, options);
        using var drawing = inputs;
        CanonicalForm.Bring(model, inputs.Shapes, ArtifactBuilder.Annotate, inFloat32: true, smooth: true);
        FixedNoise.Run(model.Graph);
        if (FixedSizes.Run(model, inputs.Draw(0).Tensors, options.Threads))
        {
            ArtifactBuilder.Annotate(model);
            CanonicalForm.Canonicalise(model, ArtifactBuilder.Annotate, inFloat32: true, smooth: true);
        }

        var composer = new ProjectionComposer(model, ArtifactBuilder.Annotate);
        if (CheckedModel.Saturated(composer, inputs.Draw(0).Tensors, options.Threads) is { Count: > 0 } saturated)
            composer = new(model, ArtifactBuilder.Annotate, saturated);
        var checkedNames = composer.Weights.Keys.Where(name => options.Parameters.Count == 0 || TrainableWeights.Matches(name, options.Parameters)).ToList();
        if (checkedNames.Count == 0)
            throw new InvalidModelException($"No trained weight fits {string.Join(", ", options.Parameters.Select(p => $"'{p}'"))}; see `sema inspect` for their names.");

        using var check = new CheckedModel(composer, checkedNames, options, change);
        var results = new Dictionary<string, ParameterCheck>();
        var (loss, draws) = (0.0, 0);
        while (draws < MostDraws && Open() is { Count: > 0 } open)
            Draw(open);

        ParameterCheck[] all = [.. checkedNames.Select(name => results[name])];
        var in64 = check.Float64Refused is null;
        return new(Path.GetFileName(path), Open().Count == 0, in64 ? "float64" : "float32", DirectionalCheck.Tolerance(check.Precision), Worst(all, p => p.RelativeError),
            in64 ? DirectionalCheck.Tolerance(ElementType.Float32) : null, in64 ? Worst(all, p => p.Float32RelativeError!.Value) : null,
            check.Float64Refused, options.Seed, draws, loss, composer.Terms, inputs.Draw(0).Described, all);

        void Draw(List<string> open)
        {
            var directional = check.At(composer.Weights, inputs.Draw(draws).Tensors, draws, out var drawn);
            loss = draws++ == 0 ? drawn : loss;
            for (var i = 0; i < open.Count; i++)
            {
                var found = Enumerable.Range(0, options.Directions).Select(k => directional.Check(open[i], composer.Weights[open[i]],
                    SplitMix64.For((ulong)options.Seed, RandomStream.Direction, draws * 1000L + k, checkedNames.IndexOf(open[i])), draws)).MaxBy(Excess)!;
                if (!results.TryGetValue(open[i], out var before) || Excess(found) < Excess(before))
                    results[open[i]] = found;
                progress?.Report(new(open[i], i + 1, open.Count, draws));
            }
        }

        List<string> Open() => [.. check.Parameters.Where(name => !results.TryGetValue(name, out var result) || !(Excess(result) < 1))];

        // How many times the tolerance the larger error is.
        double Excess(ParameterCheck p) => Math.Max(
            p.RelativeError / DirectionalCheck.Tolerance(check.Precision), (p.Float32RelativeError ?? 0) / DirectionalCheck.Tolerance(ElementType.Float32));
    }

    private static WorstParameter Worst(ParameterCheck[] all, Func<ParameterCheck, double> error)
    {
        var worst = all.MaxBy(error)!;
        return new(worst.Name, error(worst));
    }
}
