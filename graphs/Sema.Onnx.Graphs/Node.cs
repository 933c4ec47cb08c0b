namespace Sema.Onnx.Graphs;

/// <summary>One operator call of a graph.</summary>
internal sealed class Node
{
    // What attributes may be read as, in the standard's words.
    private static readonly Dictionary<Type, string> Kinds = new()
    {
        [typeof(long)] = "integer",
        [typeof(long[])] = "list of integers",
        [typeof(float)] = "float",
        [typeof(float[])] = "list of floats",
        [typeof(string)] = "string",
        [typeof(string[])] = "list of strings",
        [typeof(Tensor)] = "tensor",
        [typeof(Graph)] = "graph",
        [typeof(object)] = "value",
    };

    private readonly Dictionary<string, Attribute> _attributes = [];

    internal Node(Graph graph, string opType, string domain, IEnumerable<Value?> inputs, IEnumerable<Attribute> attributes)
    {
        (Graph, OpType, Domain, Inputs) = (graph, opType, domain, [.. inputs]);
        foreach (var attribute in attributes)
            _attributes[attribute.Name] = attribute;
    }

    /// <summary>Gets the graph that the node stands in.</summary>
    public Graph Graph { get; internal set; }

    /// <summary>Gets the operator, such as <c>MatMul</c>.</summary>
    public string OpType { get; internal set; }

    /// <summary>Gets the operator's domain; empty for the ONNX standard's own.</summary>
    public string Domain { get; }

    /// <summary>Gets the node's name, which may be empty.</summary>
    public string Name { get; internal set; } = "";

    /// <summary>Gets the inputs in the operator's order; <see langword="null"/> where an optional one is absent.</summary>
    public List<Value?> Inputs { get; }

    /// <summary>Gets the outputs in the operator's order; <see langword="null"/> where an optional one is absent.</summary>
    public List<Value?> Outputs { get; } = [];

    /// <summary>Gets the attributes.</summary>
    public IEnumerable<Attribute> Attributes => _attributes.Values;

    /// <summary>Gets the values of the graphs around that the node's subgraphs (the branches of If, the body of Loop) read.</summary>
    public IEnumerable<Value> Captured => _attributes.Values.Select(a => a.Value).OfType<Graph>().SelectMany(g => g.Captured);

    /// <summary>Gets the first output.</summary>
    public Value Output => Outputs[0]!;

    /// <summary>Gets the operator with its domain, such as <c>com.microsoft.Gelu</c> or <c>Relu</c>.</summary>
    public string QualifiedType => Domain.Length == 0 ? OpType : $"{Domain}.{OpType}";

    /// <summary>Gets a text that points a reader to the node: its name, or what it makes.</summary>
    public string Label => Name.Length > 0 ? $"'{Name}'" : $"that makes '{Outputs.FirstOrDefault(o => o is not null)?.Name}'";

    /// <summary>Gets an input that must be there.</summary>
    /// <param name="input">Its position.</param>
    /// <exception cref="InvalidModelException">The input is absent.</exception>
    public Value this[int input] => Optional(input)
        ?? throw new InvalidModelException($"Operator '{OpType}', node {Label}, lacks its input {input}.");

    /// <summary>Gets an input, or <see langword="null"/> where it is absent.</summary>
    /// <param name="input">Its position.</param>
    public Value? Optional(int input) => input < Inputs.Count ? Inputs[input] : null;

    /// <summary>Gets whether an attribute is given.</summary>
    /// <param name="name">Its name.</param>
    public bool Has(string name) => _attributes.ContainsKey(name);

    /// <summary>Gets an attribute's value, or <see langword="null"/> where it is not given.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    /// <param name="name">The attribute's name.</param>
    /// <exception cref="InvalidModelException">The attribute has another type.</exception>
    public T? Get<T>(string name)
        where T : class => _attributes.TryGetValue(name, out var attribute) ? Typed<T>(attribute) : null;

    /// <summary>Gets an integer attribute.</summary>
    /// <param name="name">The attribute's name.</param>
    /// <param name="otherwise">The value where it is not given.</param>
    public long Int(string name, long otherwise) =>
        _attributes.TryGetValue(name, out var attribute) ? Typed<long>(attribute) : otherwise;

    /// <summary>Gets a float attribute.</summary>
    /// <param name="name">The attribute's name.</param>
    /// <param name="otherwise">The value where it is not given.</param>
    public float Float(string name, float otherwise) =>
        _attributes.TryGetValue(name, out var attribute) ? Typed<float>(attribute) : otherwise;

    /// <summary>Gets a list of integers, or <see langword="null"/> where it is not given.</summary>
    /// <param name="name">The attribute's name.</param>
    public long[]? Ints(string name) => Get<long[]>(name);

    /// <summary>Gets an integer attribute that names an axis, counted from the front.</summary>
    /// <param name="name">The attribute's name.</param>
    /// <param name="otherwise">The value where it is not given.</param>
    /// <param name="rank">The rank of the tensor that the axis is of.</param>
    public int Axis(string name, long otherwise, int rank)
    {
        var axis = Int(name, otherwise);
        return axis >= -rank && axis < Math.Max(rank, 1)
            ? (int)(axis < 0 ? axis + rank : axis)
            : throw new InvalidModelException($"Operator '{OpType}', node {Label}: axis {axis} is outside a tensor of rank {rank}.");
    }

    /// <summary>Sets an attribute.</summary>
    /// <param name="attribute">Name and value.</param>
    public void Set(Attribute attribute)
    {
        ArgumentNullException.ThrowIfNull(attribute);
        _attributes[attribute.Name] = attribute;
    }

    /// <summary>Removes an attribute, if it is given.</summary>
    /// <param name="name">Its name.</param>
    public void Remove(string name) => _attributes.Remove(name);

    /// <summary>Gets an output, made when the node does not have it yet.</summary>
    /// <param name="output">Its position.</param>
    /// <param name="type">The type it has when made.</param>
    internal Value NeedOutput(int output, ElementType type)
    {
        while (Outputs.Count <= output)
            Outputs.Add(null);
        if (Outputs[output] is null)
        {
            Outputs[output] = Graph.NewValue($"{Outputs.Find(o => o is not null)?.Name ?? OpType}_{output}", this);
            Outputs[output]!.Type = type;
        }

        return Outputs[output]!;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{string.Join(", ", Outputs.Select(o => o?.Name))} = {QualifiedType}({string.Join(", ", Inputs.Select(i => i?.Name))})";

    private T Typed<T>(Attribute attribute) => attribute.Value is T value
        ? value
        : throw new InvalidModelException(
            $"Operator '{OpType}', node {Label}: the attribute '{attribute.Name}' is no {Kinds[typeof(T)]}.");
}
