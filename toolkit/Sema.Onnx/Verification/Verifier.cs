using System.Numerics;
using Sema.Onnx.Artifacts;
using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Data.Formats;
using Sema.Onnx.Data.Transforms;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Verification;

/// <summary>Replays a trajectory that PyTorch recorded, and reports how far ours is from it.</summary>
/// <remarks>
/// The reference is a NumPy archive: <c>input</c> and <c>target</c> [steps, batch, ...] (for a model with several inputs, an array by the name
/// of each; one that does not count the steps is given whole at every step), <c>loss</c> [steps], and by the names of
/// the model's initializers <c>grad/NAME</c> of the first step, <c>final/NAME</c> and <c>ema/NAME</c> after the last.
/// <para>
/// The reference was computed in float64, ours is float32. Rounding alone makes tensors differ by about 1e-6; but where a value lies
/// within rounding of a kink (a ReLU's input next to 0, two candidates of a maximum), float32 may take the other side, and a gradient moves by
/// 1e-3 to 1e-2, as PyTorch's own float32 gradients do. That figure cannot tell rounding from a wrong rule. So when a gradient exceeds the
/// tolerance, the first step's gradients are computed once more in float64, from the same model through the same composition and
/// rules, and judged: they must meet the tolerance, and the float32 ones stay below <see cref="FlipBound"/>. The report shows both.
/// </para>
/// </remarks>
public static class Verifier
{
    /// <summary>A tensor of a smaller norm is compared by its absolute difference, to the same bound.</summary>
    private const double Negligible = 1e-6;

    /// <summary>The largest relative error of a float32 gradient that a few values on the wrong side of a kink explain.</summary>
    internal const double FlipBound = 5e-2;

    /// <summary>
    /// How many times the weights' tolerance the losses after the first may deviate, relative to themselves: a small loss magnifies what
    /// the weights before it differ by. The first loss, before any step, meets the gradients' tolerance.
    /// </summary>
    private const double LaterLoss = 10;

    /// <summary>Replays a reference.</summary>
    /// <param name="model">The .onnx file that the reference started from.</param>
    /// <param name="reference">The .npz file.</param>
    /// <param name="options">How it was made.</param>
    /// <exception cref="DataException">The reference is malformed, or does not belong to the model.</exception>
    /// <exception cref="Graphs.InvalidModelException">The model is malformed or cannot be trained.</exception>
    public static VerificationReport Verify(string model, string reference, VerificationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var arrays = NpzFiles.ReadAll(reference);
        var graph = ModelReader.Read(model).Graph;
        StoredArray target = Array("target"), loss = Array("loss");
        var steps = loss.Count;
        var inputs = Inputs([.. Composer.Inputs(graph).Select(i => i.Name)], steps);
        if (target.Count != steps || inputs is [{ PerStep: false }])
            throw new DataException($"{reference}: 'input', 'target' and 'loss' count {inputs[0].Array.Count}, {target.Count} and {steps} steps; they must agree.", reference);

        var names = Names("grad");
        var initializers = graph.Initializers.Select(v => v.Name).ToHashSet();
        if (names.Find(n => !initializers.Contains(n)) is { } foreign)
            throw new DataException($"{reference} holds a gradient of '{foreign}', but '{model}' has no initializer of that name; take the reference of this model.", reference);
        var folder = Directory.CreateTempSubdirectory("sema-verify-").FullName;
        try
        {
            var artifacts = Path.Combine(folder, "artifacts");
            var composition = new CompositionOptions
            {
                Loss = options.Loss,
                Optimizer = options.Optimizer,
                Averages = options.EmaDecay is null ? 0 : 1,
                Train = names,
                BatchNormalization = options.BatchNormalization,
            };
            ArtifactBuilder.Build(model, artifacts, composition, inputs.ToDictionary(i => i.Name, i => (IReadOnlyList<long>)i.Shape), target.Shape[1..]);
            using var engine = Engine.Open(artifacts, options.Optimizer, new SessionSettings { Device = options.Device, Threads = options.Threads, Kernels = options.Kernels });
            if (names.FirstOrDefault(n => engine.Manifest.Layout.Parameters.All(p => p.Name != n)) is { } missing)
                throw new DataException($"{reference} holds a gradient of '{missing}', but the model has no trainable initializer of that name.", reference);

            var (losses, gradients) = Replay(engine, inputs, target, options);
            var reference64 = loss.ToFloat64();
            var deviations = losses.Select((ours, i) => Math.Abs(ours - reference64[i]) / Math.Max(Math.Abs(reference64[i]), Negligible))
                .Select(d => double.IsNaN(d) ? double.PositiveInfinity : d).ToArray();
            var (exact, moved) = (options.Tolerance ?? 1e-4, options.Tolerance ?? (options.Optimizer is Sgd ? 1e-4 : 1e-3));
            var grad = Compare("grad", gradients);
            if (!(grad.Max <= exact))
                grad = InFloat64(grad, composition);
            var final = Compare("final", Read(engine, engine.Weights));
            var ema = options.EmaDecay is null ? null : Compare("ema", Read(engine, engine.Shadows[0]));
            var passed = deviations[0] <= exact && deviations.Max() <= LaterLoss * moved && grad.Max <= exact && !(grad.Float32?.Max > FlipBound) && final.Max <= moved && (ema is null || ema.Max <= moved);
            return new(Path.GetFileName(model), steps, new(deviations.Max()), grad, final, ema, passed);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        StoredArray Array(string name) => arrays.TryGetValue(name, out var array)
            ? array
            : throw new DataException($"{reference} holds no array '{name}'; write it with the recorder of reference trajectories.", reference);

        // An array by the name of each input; a model with one input takes 'input' as well.
        List<RecordedInput> Inputs(List<string> inputs, int steps) => [.. inputs.Select(name => new RecordedInput(name,
            new[] { name, ModelInputs.Plain(name) }.FirstOrDefault(arrays.ContainsKey) is { } own ? arrays[own] : Array(inputs.Count == 1 ? "input" : name), steps))];

        List<string> Names(string kind) => [.. arrays.Keys.Where(k => k.StartsWith(kind + "/", StringComparison.Ordinal)).Select(k => k[(kind.Length + 1)..])];

        Deviation InFloat64(Deviation float32, CompositionOptions composition)
        {
            try
            {
                var (_, gradients) = Float64Gradients.Compute(model, composition, inputs, target, options.Threads);
                return Compare("grad", gradients) with { Precision = "float64", Float32 = float32 };
            }
            catch (RuntimeException e)
            {
                return float32 with { Float64Refused = e.Message };
            }
        }

        Deviation Compare<T>(string kind, IReadOnlyDictionary<string, T[]> ours)
            where T : INumberBase<T>
        {
            var worst = new Deviation(0);
            foreach (var name in Names(kind))
            {
                var expected = Array($"{kind}/{name}").ToFloat64();
                if (!ours.TryGetValue(name, out var values) || values.Length != expected.Length)
                    throw new DataException($"{reference}: '{kind}/{name}' has {expected.Length} elements, which is not the size of the model's initializer.", reference);
                var error = RelativeError(values, expected);
                if (!(error <= worst.Max) && !double.IsNaN(worst.Max))
                    worst = new(error, name);
            }

            return worst;
        }
    }

    private static (List<double> Losses, Dictionary<string, float[]> Gradients) Replay(
        Engine engine, IReadOnlyList<RecordedInput> inputs, StoredArray target, VerificationOptions options)
    {
        var toTarget = Preprocessing.ForTarget(target.Sample, engine.Manifest.Target.Type);
        var losses = new List<double>();
        Dictionary<string, float[]> gradients = [];
        using var scalars = new StepScalars(options.Optimizer, _ => options.LearningRate);
        for (var step = 1; step <= target.Count; step++)
        {
            foreach (var (input, info) in inputs.Zip(engine.Manifest.Inputs))
                input.CopyTo(engine.Inputs[info.Name], step - 1, info.Type);
            toTarget.Apply(target.Samples[step - 1], engine.Target);
            losses.Add(engine.ComputeGradients().Loss);
            if (step == 1)
                gradients = Read(engine, engine.Gradients);
            engine.Update(new(step, options.LearningRate, 1, options.EmaDecay is { } decay ? [decay] : [], scalars.At(step)));
            if (options.EmaDecay is not null && options.SwitchEvery is { } every && step % every == 0)
                engine.Switch(new SwitchDecision(0, 0));
        }

        return (losses, gradients);
    }

    private static Dictionary<string, float[]> Read(Engine engine, Arena arena) => engine.Manifest.Layout.Parameters.ToDictionary(p => p.Name, p =>
    {
        var values = new float[p.Count];
        arena.CopyTo<float>(values, p.Offset);
        return values;
    });

    private static double RelativeError<T>(T[] ours, double[] expected)
        where T : INumberBase<T>
    {
        double difference = 0, norm = 0;
        for (var i = 0; i < ours.Length; i++)
        {
            var d = double.CreateChecked(ours[i]) - expected[i];
            difference += d * d;
            norm += expected[i] * expected[i];
        }

        (difference, norm) = (Math.Sqrt(difference), Math.Sqrt(norm));
        return norm >= Negligible ? difference / norm : difference <= Negligible ? 0 : difference / Negligible;
    }
}
