namespace Sema.Onnx.Graphs;

/// <summary>One edge of a graph: a graph input, an initializer, or what a <see cref="Node"/> computes.</summary>
/// <remarks>The arithmetic of <see cref="Operators"/> appends nodes to the owning graph; it computes nothing.</remarks>
internal sealed class Value
{
    internal Value(Graph graph, string name, Node? producer = null) => (Graph, Name, Producer) = (graph, name, producer);

    /// <summary>Gets the graph that owns the value.</summary>
    public Graph Graph { get; }

    /// <summary>Gets the name, unique in its graph.</summary>
    public string Name { get; internal set; }

    /// <summary>Gets the node that computes this value, or <see langword="null"/> for inputs and initializers.</summary>
    public Node? Producer { get; internal set; }

    /// <summary>Gets the elements' type.</summary>
    public ElementType Type { get; set; }

    /// <summary>Gets the shape, or <see langword="null"/> where even the rank is unknown.</summary>
    public Shape? Shape { get; set; }

    /// <summary>Gets the constant value, for an initializer.</summary>
    public Tensor? Initializer { get; set; }

    /// <summary>Gets whether the initializer stood in a Constant node of the file.</summary>
    public bool FromConstantNode { get; internal set; }

    /// <summary>Gets why the initializer is no weight, where an operator's definition says so: a table of angles, for one.</summary>
    internal string? NoWeightBecause { get; set; }

    /// <summary>Gets how the file stores the initializer, where that is not as it stands here.</summary>
    public Storage? Storage { get; internal set; }

    /// <summary>Gets the shape, which must be known.</summary>
    /// <exception cref="InvalidModelException">The rank is unknown.</exception>
    internal Shape KnownShape => Shape
        ?? throw new InvalidModelException($"The shape of '{Name}' is not known; its rank is needed to differentiate the graph.");

    /// <summary>Gets the number of axes, which must be known.</summary>
    internal int Rank => KnownShape.Rank;

    /// <summary>Adds two values.</summary>
    /// <param name="left">The first.</param>
    /// <param name="right">The second.</param>
    public static Value operator +(Value left, Value right) => Emit("Add", left, right);

    /// <summary>Subtracts a value.</summary>
    /// <param name="left">The first.</param>
    /// <param name="right">The second.</param>
    public static Value operator -(Value left, Value right) => Emit("Sub", left, right);

    /// <summary>Multiplies two values, element by element.</summary>
    /// <param name="left">The first.</param>
    /// <param name="right">The second.</param>
    public static Value operator *(Value left, Value right) => Emit("Mul", left, right);

    /// <summary>Divides a value by another, element by element.</summary>
    /// <param name="left">The first.</param>
    /// <param name="right">The second.</param>
    public static Value operator /(Value left, Value right) => Emit("Div", left, right);

    /// <summary>Negates a value.</summary>
    /// <param name="value">The value.</param>
    public static Value operator -(Value value) => Emit("Neg", value);

    /// <summary>Adds a scalar.</summary>
    /// <param name="left">The value.</param>
    /// <param name="right">The scalar, rounded to the value's type.</param>
    public static Value operator +(Value left, double right) => left + left.Like(right);

    /// <summary>Subtracts a scalar.</summary>
    /// <param name="left">The value.</param>
    /// <param name="right">The scalar, rounded to the value's type.</param>
    public static Value operator -(Value left, double right) => left - left.Like(right);

    /// <summary>Subtracts from a scalar.</summary>
    /// <param name="left">The scalar, rounded to the value's type.</param>
    /// <param name="right">The value.</param>
    public static Value operator -(double left, Value right) => right.Like(left) - right;

    /// <summary>Multiplies by a scalar.</summary>
    /// <param name="left">The value.</param>
    /// <param name="right">The scalar, rounded to the value's type.</param>
    public static Value operator *(Value left, double right) => left * left.Like(right);

    /// <summary>Divides by a scalar.</summary>
    /// <param name="left">The value.</param>
    /// <param name="right">The scalar, rounded to the value's type.</param>
    public static Value operator /(Value left, double right) => left / left.Like(right);

    /// <summary>Divides a scalar.</summary>
    /// <param name="left">The scalar, rounded to the value's type.</param>
    /// <param name="right">The value.</param>
    public static Value operator /(double left, Value right) => right.Like(left) / right;

    /// <summary>Makes a scalar of this value's type.</summary>
    internal Value Like(double scalar) => Graph.ScalarLike(scalar, this);

    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Type} {Shape}";

    private static Value Emit(string op, params Value[] inputs) => inputs[0].Graph.Emit(op, inputs);
}
