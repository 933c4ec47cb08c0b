namespace Sema.Onnx.Graphs.Patching;

/// <summary>What a model file holds and where, found in one walk over its messages.</summary>
internal sealed class ModelIndex
{
    private const int DeepestNesting = 100; // protobuf's own limit

    /// <summary>The messages of ONNX on the way to a tensor, and which field of which holds which.</summary>
    private static readonly Dictionary<(Kind, int), Kind> Schema = new()
    {
        [(Kind.Model, 7)] = Kind.Graph,
        [(Kind.Model, 20)] = Kind.TrainingInfo,
        [(Kind.Model, 25)] = Kind.Function,
        [(Kind.TrainingInfo, 1)] = Kind.Graph,
        [(Kind.TrainingInfo, 2)] = Kind.Graph,
        [(Kind.Function, 7)] = Kind.Node,
        [(Kind.Function, 11)] = Kind.Attribute,
        [(Kind.Graph, 1)] = Kind.Node,
        [(Kind.Graph, 5)] = Kind.Initializer,
        [(Kind.Graph, 11)] = Kind.Value,
        [(Kind.Graph, 12)] = Kind.Value,
        [(Kind.Graph, 13)] = Kind.Value,
        [(Kind.Graph, 15)] = Kind.SparseTensor,
        [(Kind.Node, 5)] = Kind.Attribute,
        [(Kind.Attribute, 5)] = Kind.Tensor,
        [(Kind.Attribute, 6)] = Kind.Graph,
        [(Kind.Attribute, 10)] = Kind.Tensor,
        [(Kind.Attribute, 11)] = Kind.Graph,
        [(Kind.Attribute, 22)] = Kind.SparseTensor,
        [(Kind.Attribute, 23)] = Kind.SparseTensor,
        [(Kind.SparseTensor, 1)] = Kind.Tensor,
        [(Kind.SparseTensor, 2)] = Kind.Tensor,
    };

    private readonly WireReader _reader;
    private readonly List<(string Name, TensorSite Site)> _tensors = [];
    private readonly List<(string Name, WireMessage Message)> _values = [];
    private readonly HashSet<string> _names = [];
    private readonly ILookup<string, TensorSite> _tensorsByName;
    private readonly ILookup<string, TensorSite> _tensorsByWay;
    private readonly ILookup<string, WireMessage> _valuesByName;

    public ModelIndex(WireReader reader)
    {
        _reader = reader;
        Walk(Kind.Model, reader.Root, Scope.TopLevel, "");
        _tensorsByName = _tensors.ToLookup(t => t.Name, t => t.Site);
        _tensorsByWay = _tensors.ToLookup(t => t.Site.Way + t.Name, t => t.Site);
        _valuesByName = _values.ToLookup(v => v.Name, v => v.Message);
    }

    private enum Kind { Model, TrainingInfo, Function, Graph, Node, Attribute, Initializer, Tensor, SparseTensor, Value }

    /// <summary>Where names live; those of functions and of training information (elsewhere) cannot be addressed.</summary>
    private enum Scope { TopLevel, Subgraph, Elsewhere }

    /// <summary>Gets the model's graph; null where the file has none.</summary>
    public WireMessage? Graph { get; private set; }

    /// <summary>Gets all tensors, wherever they are, that keep their data in the model file.</summary>
    public List<WireMessage> Tensors { get; } = [];

    /// <summary>Gets all tensors, wherever they are, that keep their data in other files.</summary>
    public List<WireMessage> ExternalTensors { get; } = [];

    /// <summary>Whether any value of the graph or of its subgraphs has that name.</summary>
    public bool IsTaken(string name) => _names.Contains(name);

    /// <summary>The declarations of that name in the top-level graph.</summary>
    public IEnumerable<WireMessage> Values(string name) => _valuesByName[name];

    /// <summary>The one tensor that the name means: its own, or with the way to it where several subgraphs have such a tensor.</summary>
    /// <exception cref="ModelPatchException">None has that name, or several have.</exception>
    public TensorSite Tensor(string name)
    {
        var sites = _tensorsByName[name].ToList();
        if (sites.Exists(s => s.IsTopLevel))
            sites.RemoveAll(s => !s.IsTopLevel);
        if (sites.Count == 0)
            sites = [.. _tensorsByWay[name]];
        return sites.Count switch
        {
            1 => sites[0],
            0 => throw new ModelPatchException(
                $"The model has no tensor '{name}': no dense initializer and no Constant node with a numeric value has that name; "
                + "is it the model that was trained?", name),
            _ => throw new ModelPatchException(
                $"The name '{name}' is ambiguous: {sites.Count} tensors of the model have it; "
                + $"name one by the way to it, such as '{sites[0].Way}{name}'.", name),
        };
    }

    private void Walk(Kind kind, WireMessage message, Scope scope, string way)
    {
        if (message.Depth > DeepestNesting)
            throw new ModelPatchException(
                $"The model file nests more than {DeepestNesting} messages at byte {message.Place.Tag}. Is it an ONNX file?",
                offset: message.Place.Tag);
        foreach (var field in _reader.Fields(message))
        {
            if (field.Type == WireType.Bytes && Schema.TryGetValue((kind, field.Number), out var child))
            {
                var inner = (kind, child) switch
                {
                    (Kind.Model, not Kind.Graph) => Scope.Elsewhere,
                    (Kind.Attribute, Kind.Graph) when scope == Scope.TopLevel => Scope.Subgraph,
                    _ => scope,
                };
                var part = new WireMessage(message, field);
                Note(child, part, inner, way);
                Walk(child, part, inner, way + Step(child, part));
            }
        }
        if (kind == Kind.Graph && scope == Scope.TopLevel)
            Graph = message;
    }

    // y.then_branch/ leads to what stands in that branch of the node whose first output is y.
    private string Step(Kind kind, WireMessage message) => kind switch
    {
        Kind.Node => _reader.Strings(message, 2).FirstOrDefault(o => o.Length > 0) ?? "",
        Kind.Attribute => $".{_reader.String(message, 1)}/",
        _ => "",
    };

    private void Note(Kind kind, WireMessage message, Scope scope, string way)
    {
        if (kind is Kind.Initializer or Kind.Tensor)
            (_reader.Integer(message, TensorField.DataLocation) == 1 ? ExternalTensors : Tensors).Add(message);
        if (scope == Scope.Elsewhere)
            return;
        switch (kind)
        {
            case Kind.Initializer:
                NoteTensor(_reader.String(message, TensorField.Name), new(message, scope == Scope.TopLevel, way));
                break;
            case Kind.Node:
                NoteNode(message, scope == Scope.TopLevel, way);
                break;
            case Kind.Value:
                var name = _reader.String(message, 1);
                _names.Add(name);
                if (scope == Scope.TopLevel)
                    _values.Add((name, message));
                break;
        }
    }

    private void NoteNode(WireMessage node, bool isTopLevel, string way)
    {
        var outputs = _reader.Strings(node, 2).ToList();
        _names.UnionWith(outputs);
        var isStandard = _reader.String(node, 7) is "" or "ai.onnx";
        if (!isStandard || _reader.String(node, 4) != "Constant" || outputs.Count != 1)
            return;
        foreach (var attribute in _reader.Messages(node, 5))
        {
            var name = _reader.String(attribute, 1);
            if (ConstantForm.ByName.TryGetValue(name, out var form))
                NoteTensor(outputs[0], new(attribute, isTopLevel, way, form));
            else if (name == "value" && _reader.Messages(attribute, 5).ToList() is [var tensor])
                NoteTensor(outputs[0], new(tensor, isTopLevel, way));
        }
    }

    private void NoteTensor(string name, TensorSite site)
    {
        _names.Add(name);
        _tensors.Add((name, site));
    }
}
