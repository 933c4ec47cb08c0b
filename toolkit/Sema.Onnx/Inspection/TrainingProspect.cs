using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Graphs.Upgrade;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Inspection;

/// <summary>Goes the way of <see cref="Composer"/> as far as a model lets it, and notes all that stops it rather than the first.</summary>
internal sealed class TrainingProspect
{
    private readonly CompositionOptions _options;
    private readonly Composer _composer;
    private readonly List<Obstacle> _obstacles = [];
    private readonly List<string> _notes = [];
    private readonly HashSet<string> _operators;
    private Dictionary<string, Judged> _judged = [];

    /// <exception cref="InvalidModelException">The file is malformed.</exception>
    internal TrainingProspect(string path, CompositionOptions options, IReadOnlyList<long>? inputShape)
    {
        (_options, _composer) = (options, new Composer(options, ArtifactBuilder.Annotate));
        var model = Prepare(path);
        var graph = model.Graph;
        Value? input = null;
        Try(() => input = Composer.Input(graph));
        Try(() => CheckShape(input, inputShape));
        var refused = FreeAxes.Fix(model, inputShape);
        if (refused is not null)
            _notes.Add($"The shapes inside the model are not known: {refused}");
        else if (Try(() => Canonical(model)))
            Try(() => ArtifactBuilder.Annotate(model));
        _operators = [.. ModelInspector.Bodies(graph).Select(b => b.Body).Prepend(graph).SelectMany(g => g.Nodes).Select(n => n.QualifiedType)];

        Value? loss = null;
        if (Try(() => loss = Differentiable(_composer.Logits(_composer.Prediction(graph)))) && loss is not null)
            Judge(loss);
        if (_obstacles.Count > 0)
            return;
        if (input!.Shape is { IsStatic: true } shape && refused is null)
            Try(() => ArtifactBuilder.Compose(path, options, shape.Sizes, targetShape: null));
        else
            _obstacles.Add(new($"The sizes of the input '{input.Name}' could not be guessed; give the input's shape, or data that have one."));
    }

    /// <summary>Gets what stops training.</summary>
    internal IReadOnlyList<Obstacle> Obstacles => _obstacles;

    /// <summary>Gets what else is worth knowing.</summary>
    internal IReadOnlyList<string> Notes => _notes;

    /// <summary>Gets the constants that a new head changes.</summary>
    internal IReadOnlyDictionary<string, Tensor> NewHead { get; private set; } = new Dictionary<string, Tensor>();

    /// <summary>Gets what becomes of a constant, and why.</summary>
    internal (string Verdict, string Reason) Verdict(string name) =>
        _judged.TryGetValue(name, out var judged) ? (judged.Verdict.ToString().ToLowerInvariant(), judged.Reason)
        : _judged.Count == 0 ? ("unknown", "see what stops training")
        : (nameof(Graphs.Composition.Verdict.Unreached).ToLowerInvariant(), "not part of the graph that is differentiated");

    /// <summary>Gets whether a constant stands in the graph that is differentiated as floats, whatever the file stores.</summary>
    internal bool IsJudged(string name) => _judged.ContainsKey(name);

    /// <summary>Gets whether an operator of the file is gone once the graph has the form that is differentiated.</summary>
    internal bool IsRewritten(string op) => !_operators.Contains(op);

    // A new head on the file's own graph, then the upgrade; without what is refused.
    private Model Prepare(string path)
    {
        var model = Read();
        if (_options.Classes is { } classes && !Try(() => NewHead = ClassifierHead.Replace(_composer.Prediction(model.Graph), classes, _options.Seed)))
            model = Read();
        if (!Try(() => OpsetUpgrade.Run(model)))
            model = Read();
        FloatTypes.ToFloat32(model);
        return model;

        Model Read()
        {
            const string Baked = "A batch size of 1 is baked in; it is lifted for training, and the exported model has it again.";
            var read = ModelReader.Read(path);
            if (read.Graph.Inputs.Count(v => v.Initializer is null) == 1 && BatchAxis.Lift(read.Graph) && !_notes.Contains(Baked))
                _notes.Add(Baked);
            return read;
        }
    }

    // A loss needs floats; where the model ends in a choice, the last floats before it are judged in its place.
    private Value? Differentiable(Value prediction)
    {
        var value = prediction;
        while (!value.Type.IsFloat() && value.Producer?.Inputs.FirstOrDefault(i => i is { Producer: not null }) is { } before)
            value = before;
        var found = value.Type.IsFloat() && value.Producer is not null;
        if (value != prediction)
        {
            _obstacles.Add(new($"The output '{prediction.Name}' is {prediction.Type.Name()}, and a loss needs floats"
                + (found ? $"; train another value, such as '{value.Name}' (--output \"{value.Name}\"), for which the verdicts are given." : ".")));
        }
        else if (prediction.Type is not ElementType.Undefined && !found)
        {
            _obstacles.Add(new($"The output '{prediction.Name}' is not computed from weights; choose another (--output)."));
        }

        return found ? value : null;
    }

    private void Judge(Value loss)
    {
        var judgements = TrainableWeights.Judge(loss, _options.Freeze, _options.Train);
        _judged = judgements.ToDictionary(j => j.Value.Name);
        var trained = judgements.Where(j => j.Verdict == Graphs.Composition.Verdict.Trained).Select(j => j.Value).ToList();
        foreach (var missing in Differentiator.Obstacles(loss, trained))
            _obstacles.Add(new(missing.Message, missing.Node, missing.Operator, missing.Weights));
        foreach (var node in Ancestors(loss).Where(n => n.Subgraphs().Any() && _obstacles.All(o => o.Node != Name(n))))
        {
            _obstacles.Add(new(
                $"The operator '{node.QualifiedType}', node {node.Label}, runs graphs of its own, through which no gradient is taken. Export the model without control flow.",
                Name(node), node.QualifiedType, [.. Reads(node).Where(v => v.Initializer is not null && v.Type.IsFloat()).Select(v => v.Name).Distinct()]));
        }

        foreach (var type in trained.Where(v => v.Type != ElementType.Float32).GroupBy(v => v.Type))
        {
            _obstacles.Add(new($"{type.Count()} weights, such as '{type.First().Name}', are {type.Key.Name()}; weights are trained in float32 only. Convert the model, or freeze them.",
                null, null, [.. type.Select(v => v.Name)]));
        }

        if (trained.Count == 0)
            _obstacles.Add(new($"No weight is left to train; see the verdicts, and --freeze and --train.{IntegerOperators.Left(loss)}"));
        else if (IntegerOperators.Left(loss) is { Length: > 0 } left)
            _notes.Add(left.TrimStart());
    }

    private static void Canonical(Model model)
    {
        if (IntegerOperators.Run(model.Graph) | FakeQuantization.Run(model))
            ArtifactBuilder.Annotate(model);
        _ = ExplicitPadding.Run(model.Graph) | CanonicalMatMul.Run(model.Graph);
    }

    private static string Name(Node node) => node.Name.Length > 0 ? node.Name : node.Outputs.OfType<Value>().FirstOrDefault()?.Name ?? "";

    // The nodes that a value is computed by, through what inner graphs read of the outer one.
    private static List<Node> Ancestors(Value value)
    {
        var needed = new HashSet<Value> { value };
        var nodes = value.Graph.Nodes.AsEnumerable().Reverse().Where(node =>
        {
            var leads = node.Outputs.Any(o => o is not null && needed.Contains(o));
            if (leads)
                needed.UnionWith(Reads(node));
            return leads;
        }).Reverse().ToList();
        return nodes;
    }

    private static IEnumerable<Value> Reads(Node node) =>
        node.Inputs.OfType<Value>().Concat(node.Subgraphs().SelectMany(g => g.Nodes.SelectMany(Reads).Concat(g.Outputs)));

    private static void CheckShape(Value? input, IReadOnlyList<long>? given)
    {
        if (given is not null && input?.Shape is { } declared
            && (declared.Rank != given.Count || declared.Zip(given).Any(pair => pair.First.IsKnown && pair.First.Size != pair.Second)))
        {
            throw new InvalidModelException($"The model's input '{input.Name}' has the shape {declared}, but the data give {Shape.Of(given)}.");
        }
    }

    private bool Try(Action step)
    {
        try
        {
            step();
            return true;
        }
        catch (GradientNotDefinedException e)
        {
            _obstacles.Add(new(e.Message, e.Node, e.Operator, e.Weights));
        }
        catch (Exception e) when (e is InvalidModelException or RuntimeException or OverflowException)
        {
            _obstacles.Add(new(e.Message));
        }

        return false;
    }
}
