using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Functions;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Turns a model into its training graphs: head, upgrade, canonical forms, loss, gradients.</summary>
/// <param name="options">What the graphs are made for.</param>
/// <param name="annotate">Fills in the types and shapes of all values of a model; the runtime knows them.</param>
internal sealed class Composer(CompositionOptions options, Action<Model> annotate)
{
    /// <summary>Makes the graphs.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="inputShapes">The sizes of each input, by its name.</param>
    /// <param name="targetShape">The targets' sizes, batch axis first; <see langword="null"/> for those the loss implies.</param>
    /// <exception cref="GradientNotDefinedException">An operator between a weight and the loss has no rule.</exception>
    /// <exception cref="InvalidModelException">The model cannot be trained as asked.</exception>
    internal TrainingGraphs Compose(Model model, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes, IReadOnlyList<long>? targetShape)
    {
        options.Loss.Validate();
        options.Optimizer.Validate();
        foreach (var group in options.Groups)
            group.Validate();
        options.LayerDecay?.Validate();
        var inputs = Prepare(model, inputShapes, inFloat32: true);
        var prediction = Floats(Prediction(model.Graph));
        var logits = Logits(prediction);
        var target = Target(logits, targetShape);

        var judgements = TrainableWeights.Judge(logits, options.Freeze, options.Train);
        var trained = judgements.Where(j => j.Verdict == Verdict.Trained).Select(j => j.Value).ToList();
        if (trained.Count == 0)
            throw new InvalidModelException($"No weight is left to train: look at what `sema inspect` says of each, and at --freeze and --train.{IntegerOperators.Left(logits)}");
        if (trained.Find(v => v.Type != ElementType.Float32) is { } other)
            throw new InvalidModelException($"The weight '{other.Name}' is {other.Type}; weights are trained in float32 only. Convert the model, or freeze it (--freeze \"{other.Name}\").");
        var live = options.BatchNormalization == BatchNormalizationMode.Train
            ? judgements.Where(j => j.Verdict == Verdict.Statistic).Select(j => j.Value).ToList()
            : [];
        var layout = ParameterLayout.Of(trained, live, options);
        var eval = Eval(model, prediction.Name, logits.Name, target, layout);
        var (training, statistics) = Training(model, logits.Name, target, layout);
        return new(training, eval, UpdateGraph.Build(options.Optimizer, options.Averages), layout, statistics, judgements,
            [.. inputs.Select(Info)], target, Info(prediction), ClassAxis(logits, target));
    }

    /// <summary>Makes the graph that evaluates the model as it is, without parameters to bind.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="inputShapes">The sizes of each input, by its name.</param>
    /// <param name="targetShape">The targets' sizes, batch axis first; <see langword="null"/> for those the loss implies.</param>
    /// <exception cref="InvalidModelException">The model cannot be evaluated as asked.</exception>
    internal EvaluationGraph ComposeEval(Model model, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes, IReadOnlyList<long>? targetShape)
    {
        options.Loss.Validate();
        var inputs = Prepare(model, inputShapes, inFloat32: false);
        var prediction = Floats(Prediction(model.Graph));
        var logits = Logits(prediction);
        var target = Target(logits, targetShape);
        prediction = InFloat32(prediction);
        return new(Eval(model, prediction.Name, logits.Name, target, new([], [])), [.. inputs.Select(Info)], target, Info(prediction), ClassAxis(logits, target));
    }

    /// <summary>Brings a model to the form that is differentiated: new head, opset, known shapes, canonical operators.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="inputShapes">The sizes of each input, by its name.</param>
    /// <param name="inFloat32">Whether other float types and quantised integers give way to float32.</param>
    /// <returns>The model's inputs.</returns>
    /// <exception cref="InvalidModelException">A shape is missing or does not fit, or the model cannot be brought to that form.</exception>
    internal IReadOnlyList<Value> Prepare(Model model, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes, bool inFloat32)
    {
        var graph = model.Graph;
        HoistConstants.Run(graph);
        if (options.Classes is { } classes)
            ClassifierHead.Replace(Prediction(graph), classes, options.Seed);
        var inputs = Inputs(graph);
        CheckNames(inputs, inputShapes);
        CanonicalForm.Bring(model, inputShapes, annotate, inFloat32, options.SmoothQuantization);
        return inputs;
    }

    /// <summary>Gets the output that the loss is about.</summary>
    internal Value Prediction(Graph graph)
    {
        var outputs = graph.Outputs;
        return outputs.Find(o => o.Name == (options.Output ?? outputs[0].Name))
            ?? (options.Output is { } inner && graph.Find(inner) is { } value ? value : null)
            ?? throw new InvalidModelException($"--output: the model has no output '{options.Output}'; it has {string.Join(", ", outputs.Select(o => $"'{o.Name}'"))}.");
    }

    /// <summary>Gets the model's inputs: those that a caller must give.</summary>
    internal static IReadOnlyList<Value> Inputs(Graph graph) => [.. graph.Inputs.Where(v => v.Initializer is null)];

    /// <summary>Gives the one input of a model its shape.</summary>
    /// <exception cref="InvalidModelException">The model has several inputs, or none.</exception>
    internal static IReadOnlyDictionary<string, IReadOnlyList<long>> OneShape(Graph graph, IReadOnlyList<long> shape) => Inputs(graph) is [var input]
        ? new Dictionary<string, IReadOnlyList<long>> { [input.Name] = shape }
        : throw new InvalidModelException($"The model has {Inputs(graph).Count} inputs ({Listed(Inputs(graph))}); give the shape of each by its name.");

    /// <summary>Gets the last floats that a value is computed from: itself, or what a choice (ArgMax, say) was made of; else <see langword="null"/>.</summary>
    internal static Value? LastFloats(Value value)
    {
        while (!value.Type.IsFloat() && value.Producer?.Inputs.FirstOrDefault(i => i is { Producer: not null }) is { } before)
            value = before;
        return value.Type.IsFloat() && value.Producer is not null ? value : null;
    }

    /// <summary>Says that an output holds no floats, and which value inside the model does.</summary>
    internal static string NoFloats(Value prediction) => $"The output '{prediction.Name}' is {prediction.Type.Name()}, and a loss needs floats"
        + (LastFloats(prediction) is { } floats ? $"; train another value, such as '{floats.Name}' (--output \"{floats.Name}\")" : "");

    /// <summary>Gets what the loss reads: the prediction, or what goes into a final softmax or sigmoid that the loss computes itself.</summary>
    /// <remarks>What stands between that and the output (a reshape, say) is repeated without it.</remarks>
    internal Value Logits(Value prediction)
    {
        var between = new Stack<Node>();
        for (var node = prediction.Producer; node is { Domain.Length: 0 }; node = node[0].Producer)
        {
            if (options.Loss.Absorbs.Contains(node.OpType))
            {
                return between.Aggregate(node[0], (value, next) =>
                {
                    var twin = prediction.Graph.Emit(next.OpType, [value, .. next.Inputs.Skip(1)], next.Attributes);
                    (twin.Type, twin.Shape) = (next.Output.Type, next.Output.Shape);
                    return twin;
                });
            }

            if (node.OpType is not ("Identity" or "Reshape" or "Flatten" or "Squeeze" or "Unsqueeze"))
                break;
            between.Push(node);
        }

        return prediction;
    }

    private static Value Floats(Value prediction) => prediction.Type.IsFloat() || prediction.Type == ElementType.Undefined
        ? prediction
        : throw new InvalidModelException(NoFloats(prediction) + ".");

    private TensorSignature Target(Value logits, IReadOnlyList<long>? shape) => new(
        TrainingGraphs.TargetName, options.Loss.TargetType(ElementType.Float32), [.. shape ?? options.Loss.TargetShape(logits.KnownShape).Sizes]);

    // Losses are computed in float32 whatever the model's type.
    private static Value InFloat32(Value value)
    {
        if (value.Type == ElementType.Float32)
            return value;
        var cast = value.Cast(ElementType.Float32);
        (cast.Type, cast.Shape) = (ElementType.Float32, value.Shape);
        return cast;
    }

    private int ClassAxis(Value logits, TensorSignature target) =>
        options.Loss is Losses.CrossEntropyLoss ? Losses.CrossEntropyLoss.ClassAxis(logits.KnownShape, Shape.Of(target.Shape)) : -1;

    private Model Eval(Model model, string prediction, string logits, TensorSignature target, ParameterLayout layout)
    {
        // The prediction may be a value inside the model, named by --output.
        List<string> outputs = [.. model.Graph.Outputs.Select(o => o.Name).Union([prediction])];
        var graph = model.Graph.Extract([.. outputs, logits]);
        var mask = graph.AddInput(TrainingGraphs.MaskName, ElementType.Float32, Shape.Of(target.Shape[0]));
        var scores = InFloat32(graph.Find(logits)!);
        var loss = options.Loss.Build(scores, AddTarget(graph, target), mask);
        Expose(graph, loss.Loss, TrainingGraphs.LossName);
        Expose(graph, loss.Weight, TrainingGraphs.WeightName);

        // A prediction of probabilities has lost digits of what it was made of.
        if (options.Loss is Losses.CrossEntropyLoss && scores.Name != prediction)
            outputs.Add(Expose(graph, scores, TrainingGraphs.LogitsName).Name);
        KernelConvolutions.Run(graph, w => layout.Parameters.Any(p => p.Name == w.Name));
        return Finished(model, graph, layout, [.. outputs, TrainingGraphs.LossName, TrainingGraphs.WeightName]);
    }

    private (Model Training, IReadOnlyList<BatchStatistics> Statistics) Training(Model model, string logits, TensorSignature target, ParameterLayout layout)
    {
        var graph = model.Graph.Extract([logits]);
        IReadOnlyList<BatchStatistics> statistics =
            options.BatchNormalization == BatchNormalizationMode.Train ? LiveBatchNormalization.Run(graph) : [];
        FusedActivation.Run(graph);
        LiveLayerNormalization.Run(graph);
        TrainingRecurrence.Run(graph);
        SlicesToSplit.Run(graph);
        FusedAttention.Run(graph, [.. Trained(layout).Select(p => graph.Find(p.Name)!)]);
        var loss = options.Loss.Build(InFloat32(graph.Find(logits)!), AddTarget(graph, target), mask: null).Loss;
        Expose(graph, loss, TrainingGraphs.LossName);
        annotate(Shell(model, graph));
        if (options.Precision == ElementType.Float64)
            DoublePrecision.Run(graph);

        var weights = Trained(layout).Select(p => graph.Find(p.Name)!).ToList();

        // A seed of its own, and no 1 that others share, tells what the gradient flows through.
        var (forward, seed) = (graph.Nodes.Count, graph.AddInitializer(graph.UniqueName("seed"), Tensor.Scalar(1, loss.Type)));
        var gradients = Differentiator.Gradients(loss, weights, seed);
        List<string> outputs = [TrainingGraphs.LossName, TrainingGraphs.NormName, TrainingGraphs.LogitsName];
        var squares = new List<Value>();
        foreach (var weight in weights)
        {
            var gradient = gradients.GetValueOrDefault(weight) ?? weight.ZerosOf(weight.ShapeVector());
            gradient = options.Accumulate ? Accumulated(graph, weight, gradient) : gradient;
            outputs.Add(TrainingGraphs.Gradient(weight.Name));
            Expose(graph, gradient, outputs[^1]).Shape = weight.Shape;
            squares.Add(graph.Emit("ReduceSumSquare", [graph.Find(outputs[^1])], ("keepdims", 0)));
        }

        Expose(graph, graph.Emit("Sum", squares).Sqrt(), TrainingGraphs.NormName);

        // With its sizes: where kernels run, ONNX Runtime cannot infer them.
        var scores = graph.Find(logits)!;
        Expose(graph, scores.Identity(), TrainingGraphs.LogitsName).Shape = scores.Shape;
        outputs.AddRange(statistics.SelectMany(s => new[] { s.BatchMean, s.BatchVariance }));
        if (options.Recompute)
            RecomputeActivations.Run(graph, forward, loss, seed);
        if (options.Precision == ElementType.Float64)
            DoubleKernels.Run(graph);
        else
        {
            KernelConvolutions.Run(graph, w => w.Initializer is null || weights.Contains(w));
            KernelPooling.Run(graph);
        }

        BiasGradients.Run(graph);
        return (Finished(model, graph, layout, outputs), statistics);
    }

    private static IEnumerable<Parameter> Trained(ParameterLayout layout) => layout.Parameters.Where(p => p.Group != ParameterGroup.Statistics);

    private static Value Accumulated(Graph graph, Value weight, Value gradient)
    {
        var accumulator = graph.AddInput(TrainingGraphs.Accumulator(weight.Name), weight.Type, weight.Shape);
        var sum = accumulator + gradient;
        InPlace.Prove(accumulator, sum);
        return sum;
    }

    private static Value AddTarget(Graph graph, TensorSignature target) => graph.AddInput(target.Name, target.Type, Shape.Of(target.Shape));

    /// <summary>Makes a value an output of a name; one that is an output already is passed through.</summary>
    internal static Value Expose(Graph graph, Value value, string name)
    {
        var exposed = value.Producer is null || graph.Outputs.Contains(value) ? value.Identity() : value;
        (exposed.Type, exposed.Shape) = (value.Type, value.Shape);
        graph.Outputs.Add(exposed);
        return graph.Renamed(exposed, name);
    }

    private static Model Finished(Model model, Graph graph, ParameterLayout layout, IEnumerable<string> outputs)
    {
        var finished = graph.Extract(outputs);

        // Old files make every initializer an input; what nobody binds is a constant, which the runtime folds and lays out as it likes.
        finished.Inputs.RemoveAll(v => v.Initializer is not null);
        foreach (var parameter in layout.Parameters)
        {
            if (finished.Find(parameter.Name) is { } value && !finished.Inputs.Contains(value))
                finished.Inputs.Add(value);
        }

        return Shell(model, finished);
    }

    /// <summary>Puts a graph into a model of the same operator sets, with the functions that it calls.</summary>
    internal static Model Shell(Model model, Graph graph)
    {
        var shell = new Model(graph) { Producer = "Sema.Onnx" };
        foreach (var (domain, version) in model.Opsets)
            shell.Opsets[domain] = version;
        foreach (var function in model.Functions)
            shell.Functions.Add(function);
        SemaFunctions.Attach(shell);
        return shell;
    }

    private static void CheckNames(IReadOnlyList<Value> inputs, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes)
    {
        if (shapes.Keys.FirstOrDefault(name => inputs.All(i => i.Name != name)) is { } unknown)
            throw new InvalidModelException($"A shape is given for '{unknown}', but the model has no such input; it has {Listed(inputs)}.");
        if (inputs.Where(i => !shapes.ContainsKey(i.Name)).ToList() is { Count: > 0 } missing)
            throw new InvalidModelException($"No shape is given for the model's input {Listed(missing)}; each needs one.");
    }

    private static string Listed(IEnumerable<Value> inputs) => string.Join(", ", inputs.Select(i => $"'{i.Name}'"));

    private static TensorSignature Info(Value value) => new(value.Name, value.Type, value.KnownShape.Sizes);
}
