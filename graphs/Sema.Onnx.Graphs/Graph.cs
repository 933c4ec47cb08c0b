namespace Sema.Onnx.Graphs;

/// <summary>A graph: its inputs, initializers, nodes in an order in which they can run, and outputs.</summary>
internal sealed class Graph
{
    private readonly Dictionary<string, Value> _values = [];
    private readonly Dictionary<(double, ElementType), Value> _scalars = [];
    private readonly Dictionary<string, Value> _vectors = [];
    private readonly Dictionary<string, int> _suffixes = [];
    private readonly List<Graph> _inner = [];

    /// <summary>Creates an empty graph.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parent">The graph around it, for the body of If, Loop or Scan.</param>
    public Graph(string name, Graph? parent = null) => (Name, Parent) = (name, parent);

    /// <summary>Gets the name.</summary>
    public string Name { get; }

    /// <summary>Gets the graph around this one, whose values the nodes here may read.</summary>
    public Graph? Parent
    {
        get;
        internal set
        {
            field?._inner.Remove(this);
            field = value;
            field?._inner.Add(this);
        }
    }

    /// <summary>Gets the inputs; an initializer that is also an input is both.</summary>
    public List<Value> Inputs { get; } = [];

    /// <summary>Gets the outputs.</summary>
    public List<Value> Outputs { get; } = [];

    /// <summary>Gets the nodes: each reads only what stands before it.</summary>
    public List<Node> Nodes { get; } = [];

    /// <summary>Gets whether this is the body of a function, whose types are open and whose constants are nodes.</summary>
    internal bool IsFunctionBody { get; init; }

    /// <summary>Gets every value of the graph.</summary>
    public IEnumerable<Value> Values => _values.Values;

    /// <summary>Gets the values that are constants of the file.</summary>
    public IEnumerable<Value> Initializers => _values.Values.Where(v => v.Initializer is not null);

    /// <summary>Gets the graphs that the nodes run: branches, bodies of loops.</summary>
    internal IEnumerable<Graph> Bodies => Nodes.SelectMany(n => n.Attributes).Select(a => a.Value).OfType<Graph>();

    /// <summary>Gets the nodes, those of all bodies included.</summary>
    internal IEnumerable<Node> AllNodes => Nodes.Concat(Bodies.SelectMany(b => b.AllNodes));

    /// <summary>Gets what this body reads of the graphs around, for itself or for bodies within; a value as often as it is read.</summary>
    internal IEnumerable<Value> Captured => Nodes.SelectMany(n => n.Inputs.OfType<Value>().Concat(n.Captured)).Concat(Outputs).Where(v => v.Graph != this);

    /// <summary>Finds a value by name, here or in the graphs around.</summary>
    /// <param name="name">Its name.</param>
    public Value? Find(string name)
    {
        for (var graph = this; graph is not null; graph = graph.Parent)
        {
            if (graph._values.TryGetValue(name, out var value))
                return value;
        }

        return null;
    }

    /// <summary>Adds an input.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">Its elements' type.</param>
    /// <param name="shape">Its shape, where known.</param>
    public Value AddInput(string name, ElementType type, Shape? shape)
    {
        var value = Add(name);
        (value.Type, value.Shape) = (type, shape);
        Inputs.Add(value);
        return value;
    }

    /// <summary>Adds an initializer, or gives an input its default value.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="tensor">The constant.</param>
    public Value AddInitializer(string name, Tensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var value = _values.TryGetValue(name, out var known) && known.Producer is null && known.Initializer is null ? known : Add(name);
        (value.Initializer, value.Type, value.Shape) = (tensor, tensor.Type, tensor.Shape);
        return value;
    }

    /// <summary>Appends a node with one output.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <returns>The output; its type is that of the first input, for the caller to correct.</returns>
    public Value Emit(string op, IEnumerable<Value?> inputs, params IEnumerable<Attribute> attributes) =>
        AddNode(op, "", inputs, attributes, 1).Output;

    /// <summary>Appends a node.</summary>
    /// <param name="op">The operator.</param>
    /// <param name="domain">Its domain; empty for the ONNX standard's own.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="attributes">Its attributes.</param>
    /// <param name="outputs">How many outputs it has, named after the operator.</param>
    public Node AddNode(string op, string domain, IEnumerable<Value?> inputs, IEnumerable<Attribute> attributes, int outputs)
    {
        var node = new Node(this, op, domain, inputs, attributes);
        for (var i = 0; i < outputs; i++)
            node.Outputs.Add(NewValue(op, node));
        Nodes.Add(node);
        return node;
    }

    /// <summary>Gets a constant vector of integers: a shape, axes, or the like; equal ones are shared.</summary>
    /// <param name="elements">The elements.</param>
    public Value Vector(params IReadOnlyCollection<long> elements)
    {
        var key = string.Join(',', elements);
        return _vectors.TryGetValue(key, out var known)
            ? known
            : _vectors[key] = AddInitializer(UniqueName("vector"), Tensor.Vector([.. elements]));
    }

    /// <summary>Gets a constant integer scalar.</summary>
    /// <param name="value">The value.</param>
    public Value Integer(long value)
    {
        var key = $"scalar {value}";
        return _vectors.TryGetValue(key, out var known)
            ? known
            : _vectors[key] = AddInitializer(UniqueName("integer"), Tensor.Scalar(value));
    }

    /// <summary>Gets a constant scalar of a float type; equal ones are shared.</summary>
    /// <param name="value">The value.</param>
    /// <param name="type">The type that it is rounded to.</param>
    public Value Scalar(double value, ElementType type) => _scalars.TryGetValue((value, type), out var known)
        ? known
        : _scalars[(value, type)] = AddInitializer(UniqueName("scalar"), Tensor.Scalar(value, type));

    /// <summary>Gets a constant scalar of another value's type; in a function, and before types are asked for, it is known only when it runs.</summary>
    internal Value ScalarLike(double value, Value like) => IsFunctionBody || like.Type == ElementType.Undefined
        ? Scalar(value, ElementType.Float64).CastLike(like)
        : Scalar(value, like.Type.IsFloat() ? like.Type : ElementType.Float32);

    /// <summary>Gets a name that no value of this graph, of the graphs around it or of those within has.</summary>
    /// <param name="stem">How it begins.</param>
    public string UniqueName(string stem)
    {
        if (!IsTaken(stem))
            return stem;
        var suffix = _suffixes.GetValueOrDefault(stem);
        string name;
        do
            name = $"{stem}_{++suffix}";
        while (IsTaken(name));
        _suffixes[stem] = suffix;
        return name;
    }

    /// <summary>Gives a value another name, and every reader sees it.</summary>
    internal void Rename(Value value, string name)
    {
        _values.Remove(value.Name);
        value.Name = name;
        _values.Add(name, value);
    }

    /// <summary>Puts a value in another's place: at every reader and among the outputs.</summary>
    internal void Replace(Value old, Value by, Node? except = null)
    {
        foreach (var node in Nodes.Where(n => n != except))
        {
            for (var i = 0; i < node.Inputs.Count; i++)
            {
                if (node.Inputs[i] == old)
                    node.Inputs[i] = by;
            }

            foreach (var body in node.Attributes.Select(a => a.Value).OfType<Graph>())
                body.Replace(old, by, except);
        }

        for (var i = 0; i < Outputs.Count; i++)
        {
            if (Outputs[i] == old)
                Outputs[i] = by;
        }
    }

    /// <summary>Runs an action whose new nodes take the place of one node, which is removed.</summary>
    /// <param name="node">The node to replace.</param>
    /// <param name="replacement">Makes the values that stand for its outputs, in their order; it may stop short of unused ones.</param>
    internal void ReplaceNode(Node node, Func<IReadOnlyList<Value>> replacement)
    {
        var position = Nodes.IndexOf(node);
        var tail = Nodes.GetRange(position + 1, Nodes.Count - position - 1);
        Nodes.RemoveRange(position, Nodes.Count - position);
        var values = replacement();
        Nodes.AddRange(tail);
        for (var i = 0; i < values.Count && i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is { } old)
                TakePlace(old, values[i]);
        }

        foreach (var output in node.Outputs.Where(o => o is not null && o.Producer == node))
            Remove(output!);
    }

    /// <summary>Puts a value in an old one's place, under the old one's name where it can: an output keeps its own.</summary>
    internal void TakePlace(Value old, Value by)
    {
        var (output, isFree) = (Outputs.IndexOf(old), by.Producer?.Graph == this && !Outputs.Contains(by));
        Replace(old, by);
        (by.Type, by.Shape) = (old.Type, by.Shape ?? old.Shape);
        Remove(old);
        if (isFree)
            Rename(by, old.Name);
        else if (output >= 0)
            Outputs[output] = Renamed(Emit("Identity", [by]), old.Name);
    }

    /// <summary>Takes a value out of the graph.</summary>
    internal void Remove(Value value)
    {
        if (_values.TryGetValue(value.Name, out var known) && known == value)
            _values.Remove(value.Name);
        Inputs.Remove(value);
    }

    internal Value Renamed(Value value, string name)
    {
        Rename(value, name);
        return value;
    }

    internal Value Add(string name, Node? producer = null)
    {
        var value = new Value(this, name, producer);
        if (!_values.TryAdd(name, value))
            throw new InvalidModelException($"The name '{name}' is given to two values of graph '{Name}'.");
        return value;
    }

    /// <summary>Registers an output that a node gained after it was made.</summary>
    internal Value NewValue(string stem, Node producer)
    {
        var value = Add(UniqueName(stem), producer);
        value.Type = producer.Optional(0)?.Type ?? ElementType.Undefined;
        return value;
    }

    // ONNX lets no inner graph use a name of an outer one for a value of its own.
    private bool IsTaken(string name) => Find(name) is not null || _inner.Exists(g => g.IsUsed(name));

    private bool IsUsed(string name) => _values.ContainsKey(name) || _inner.Exists(g => g.IsUsed(name));
}
