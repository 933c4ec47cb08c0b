using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Lowering;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Inspection;

/// <summary>Goes the way of <see cref="Composer"/> as far as a model lets it, and notes all that stops it rather than the first.</summary>
internal sealed class TrainingProspect
{
    private readonly CompositionOptions _options;
    private readonly Composer _composer;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<long>> _inputShapes;
    private readonly List<Obstacle> _obstacles = [];
    private readonly List<string> _notes = [];
    private readonly HashSet<string> _operators;
    private Dictionary<string, Judged> _judged = [];
    private bool? _lifted;

    /// <exception cref="InvalidModelException">The file is malformed.</exception>
    internal TrainingProspect(string path, CompositionOptions options, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes)
    {
        (_options, _composer, _inputShapes) = (options, new Composer(options, ArtifactBuilder.Annotate), inputShapes);
        var model = Prepare(path);
        var graph = model.Graph;
        var inputs = Composer.Inputs(graph);
        Try(() => CheckShapes(inputs));
        var refused = FreeAxes.Fix(model, inputShapes);
        if (refused is not null)
            _notes.Add($"The shapes inside the model are not known: {refused}");
        else
            Try(() => CanonicalForm.Canonicalise(model, ArtifactBuilder.Annotate));
        _operators = [.. ModelInspector.Bodies(graph).Select(b => b.Body).Prepend(graph).SelectMany(g => g.Nodes).Where(n => !IsRangeAlone(n)).Select(n => n.QualifiedType)];

        Value? loss = null;
        if (Try(() => loss = Differentiable(_composer.Logits(_composer.Prediction(graph)))) && loss is not null)
            Judge(loss);
        if (_obstacles.Count > 0)
            return;
        var open = inputs.Where(i => i.Shape is not { IsStatic: true }).ToList();
        if (open.Count == 0 && refused is null)
            Try(() => Groups = GroupReport.Of(ArtifactBuilder.Compose(path, options, _ => inputs.ToDictionary(i => i.Name, i => (IReadOnlyList<long>)i.Shape!.Sizes), targetShape: null).Layout));
        else
            _obstacles.Add(new($"The sizes of the input {string.Join(", ", open.Select(i => $"'{i.Name}'"))} could not be guessed; give the input's shape, or data that have one."));
    }

    /// <summary>Gets the groups of weights that training would move alike.</summary>
    internal IReadOnlyList<GroupReport> Groups { get; private set; } = [];

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
        if (Lowerings.Occur(model))
            FreeAxes.Learn(model, _inputShapes);
        if (!Try(() => CanonicalForm.Upgrade(model)))
            model = Read();
        FloatTypes.ToFloat32(model);
        return model;

        Model Read()
        {
            var read = ModelReader.Read(path);
            HoistConstants.Run(read.Graph);
            var baked = BatchAxis.Baked(Composer.Inputs(read.Graph)).Where(i => !(_inputShapes.TryGetValue(i.Name, out var shape) && shape is [1, ..])).ToList();
            if (_lifted is null && baked.Count > 0)
                _lifted = IsLifted(path, baked);
            if (_lifted == true)
            {
                OldOpset.Upgrade(read);
                BatchAxis.Lift(read.Graph, baked);
            }

            return read;
        }
    }

    // Tries whether several samples can go through a model that was exported for one; if not, it trains one by one.
    private bool IsLifted(string path, IEnumerable<Value> baked)
    {
        try
        {
            ArtifactBuilder.Unbatch(ModelReader.Read(path), path, baked.ToDictionary(i => i.Name, i => (IReadOnlyList<long>)[2]));
            _notes.Add("A batch size of 1 is baked in; it is lifted for training, and the exported model has it again.");
            return true;
        }
        catch (InvalidModelException e)
        {
            _notes.Add(e.Message);
            return false;
        }
    }

    // A dynamic quantisation whose integers nobody reads any more: its range is that of a function of floats.
    private static bool IsRangeAlone(Node node) => node is { OpType: "DynamicQuantizeLinear", Domain.Length: 0 }
        && !node.Graph.AllNodes.Any(n => n.Inputs.Contains(node.Outputs[0]) || n.Captured.Contains(node.Outputs[0]!));

    // A loss needs floats; where the model ends in a choice, the last floats before it are judged in its place.
    private Value? Differentiable(Value prediction)
    {
        var value = Composer.LastFloats(prediction);
        if (!prediction.Type.IsFloat() && prediction.Type is not ElementType.Undefined)
            _obstacles.Add(new(Composer.NoFloats(prediction) + (value is null ? "." : ", for which the verdicts are given.")));
        else if (prediction.Type is not ElementType.Undefined && value is null)
            _obstacles.Add(new($"The output '{prediction.Name}' is not computed from weights; choose another (--output)."));

        return value;
    }

    private void Judge(Value loss)
    {
        var judgements = TrainableWeights.Judge(loss, _options.Freeze, _options.Train);
        _judged = judgements.ToDictionary(j => j.Value.Name);
        var trained = judgements.Where(j => j.Verdict == Graphs.Composition.Verdict.Trained).Select(j => j.Value).ToList();
        foreach (var missing in Differentiator.Obstacles(loss, trained))
            _obstacles.Add(new(missing.Message, missing.Node, missing.Operator, missing.Weights));
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

    private void CheckShapes(IEnumerable<Value> inputs)
    {
        foreach (var input in inputs)
        {
            if (_inputShapes.TryGetValue(input.Name, out var given))
                CanonicalForm.Fitting(input, given);
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
