using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Makes the graphs of a loss that needs no targets, for any model: a fixed linear function of all it computes.</summary>
/// <remarks>
/// L = Σₖ Σⱼ cₖⱼ yₖⱼ over the values of <see cref="LossFrontier"/>. The factors cₖ are inputs; they and the sums are float64, so that
/// L has the digits that differences need even where the model is float32.
/// </remarks>
internal sealed class ProjectionComposer
{
    private readonly Model _model;
    private readonly Action<Model> _annotate;

    /// <param name="model">A model in <see cref="CanonicalForm"/>.</param>
    /// <param name="annotate">Fills in the types and shapes of all values of a model; the runtime knows them.</param>
    /// <param name="passed">The values of activations that the loss is not about, but about what goes into them: saturated ones.</param>
    /// <exception cref="InvalidModelException">No weight reaches an output through differentiable operators, or one is not float32.</exception>
    internal ProjectionComposer(Model model, Action<Model> annotate, IEnumerable<string>? passed = null)
    {
        (_model, _annotate) = (model, annotate);
        Terms = [.. LossFrontier.Of(model.Graph, (passed ?? []).ToHashSet()).Select(v => v.Name)];
        var judged = Terms.Count == 0 ? [] : TrainableWeights.Judge(Loss(model.Graph.Extract(Terms)), [], []);
        var trained = judged.Where(j => j.Verdict == Verdict.Trained).Select(j => j.Value).ToList();
        if (trained.Count == 0)
            throw new InvalidModelException("The model has no gradient to check: no weight reaches an output through differentiable operators (see `sema inspect`).");
        if (trained.Find(v => v.Type != ElementType.Float32) is { } other)
            throw new InvalidModelException($"The weight '{other.Name}' is {other.Type}; gradients are taken of float32 weights only. Convert the model.");
        Weights = trained.ToDictionary(v => v.Name, v => v.Initializer!);
    }

    /// <summary>Gets the names of the values that the loss is about.</summary>
    internal IReadOnlyList<string> Terms { get; }

    /// <summary>Gets the activations that terms end with, by term.</summary>
    internal IReadOnlyDictionary<string, FinalActivation> Activations => Terms.Select(t => (Term: t, Activation: FinalActivation.Of(_model.Graph.Find(t)!)))
        .Where(t => t.Activation is not null).ToDictionary(t => t.Term, t => t.Activation!);

    /// <summary>Gets the weights that gradients are taken of, by name.</summary>
    internal IReadOnlyDictionary<string, Tensor> Weights { get; }

    /// <summary>Gets the name of the input that holds the factors of a term, one an element.</summary>
    internal static string Factors(int term) => $"projection_factors_{term}";

    /// <summary>Makes the graph that computes the terms from the inputs and the weights.</summary>
    internal Model Values() => Finished(_model.Graph.Extract(Terms), Terms);

    /// <summary>Makes the graph that computes the loss.</summary>
    /// <param name="precision">Float32, or Float64 to have the whole model computed in that.</param>
    /// <exception cref="InvalidModelException">An operator cannot be written in operators with a float64 kernel.</exception>
    internal Model Evaluation(ElementType precision) => Composed(precision, _ => [TrainingGraphs.LossName]);

    /// <summary>Makes the graph that computes the choices that the loss depends on, or <see langword="null"/> where it chooses nothing (see <see cref="HeldBranches"/>).</summary>
    /// <inheritdoc cref="Evaluation" path="/param"/>
    /// <inheritdoc cref="Evaluation" path="/exception"/>
    internal Model? Choices(ElementType precision)
    {
        IReadOnlyList<string> choices = [];
        var model = Composed(precision, loss => choices = Separated(loss.Graph));
        return choices.Count == 0 ? null : model;
    }

    /// <summary>Makes the graph that computes the loss with the choices as inputs.</summary>
    /// <inheritdoc cref="Evaluation" path="/param"/>
    /// <inheritdoc cref="Evaluation" path="/exception"/>
    internal Model Held(ElementType precision)
    {
        IReadOnlyList<string> choices = [];
        var model = Composed(precision, loss =>
        {
            choices = Separated(loss.Graph);
            return [TrainingGraphs.LossName];
        });
        HeldBranches.Hold(model.Graph, choices);
        return model;
    }

    /// <summary>Makes the graph that computes the loss and its gradients by the weights, each an output of <see cref="TrainingGraphs.Gradient"/>.</summary>
    /// <inheritdoc cref="Evaluation" path="/param"/>
    /// <inheritdoc cref="Evaluation" path="/exception"/>
    /// <exception cref="GradientNotDefinedException">An operator between a weight and the loss has no rule.</exception>
    internal Model Training(ElementType precision) => Composed(precision, loss =>
    {
        var graph = loss.Graph;
        var weights = Weights.Keys.Select(name => graph.Find(name)!).ToList();
        var gradients = Differentiator.Gradients(loss, weights);
        foreach (var weight in weights)
        {
            var gradient = gradients.GetValueOrDefault(weight) ?? weight.ZerosOf(weight.ShapeVector());
            Composer.Expose(graph, gradient, TrainingGraphs.Gradient(weight.Name)).Shape = weight.Shape;
        }

        return Weights.Keys.Select(TrainingGraphs.Gradient).Prepend(TrainingGraphs.LossName);
    });

    private IReadOnlyList<string> Separated(Graph graph) => HeldBranches.Run(graph, Weights.Keys.Select(graph.Find).OfType<Value>());

    private Model Composed(ElementType precision, Func<Value, IEnumerable<string>> outputs)
    {
        var graph = _model.Graph.Extract(Terms);
        graph.Outputs.Clear();
        var loss = Composer.Expose(graph, Loss(graph), TrainingGraphs.LossName);
        _annotate(Composer.Shell(_model, graph));
        if (precision == ElementType.Float64)
            DoublePrecision.Run(graph);
        var wanted = outputs(loss).ToList();
        if (precision == ElementType.Float64)
            DoubleKernels.Run(graph);
        return Finished(graph, wanted);
    }

    private Value Loss(Graph graph) => graph.Emit("Sum", Terms.Select((name, term) =>
    {
        var factors = graph.AddInput(Factors(term), ElementType.Float64, new([new Dimension(-1, Factors(term))]));
        return (graph.Find(name)!.Cast(ElementType.Float64).Reshape(-1) * factors).SumAll();
    }).ToList());

    // The weights are bound rather than written: the file stays small, and one is moved while the others stay.
    private Model Finished(Graph graph, IEnumerable<string> outputs)
    {
        var finished = graph.Extract(outputs);
        finished.Inputs.RemoveAll(v => v.Initializer is not null);
        foreach (var weight in finished.Initializers.Where(v => Weights.ContainsKey(v.Name)).ToList())
        {
            weight.Initializer = null;
            finished.Inputs.Add(weight);
        }

        return Composer.Shell(_model, finished);
    }
}
