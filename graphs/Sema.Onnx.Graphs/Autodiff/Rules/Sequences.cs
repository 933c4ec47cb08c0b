namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>The sequences of a recurrent operator, laid out [D, T, B, ·]: every direction in the order in which it runs.</summary>
/// <remarks>
/// A direction that runs backwards reverses the valid part of each sequence only, so padding stands at the end in every direction.
/// </remarks>
internal sealed class Sequences
{
    private readonly Node _node;
    private readonly string _direction;
    private readonly Value? _lengths;

    /// <summary>Reads the layout from a node.</summary>
    /// <param name="node">An RNN, GRU or LSTM with layout 0.</param>
    internal Sequences(Node node)
    {
        _node = node;
        _direction = node.Get<string>("direction") ?? "forward";
        Directions = _direction == "bidirectional" ? 2 : 1;
        Hidden = node.Int("hidden_size", 0);
        if (Hidden <= 0)
            throw new InvalidModelException($"Operator '{node.OpType}', node {node.Label}: hidden_size is {Hidden}; at least 1 is needed.");
        _lengths = node.Optional(4)?.Cast(ElementType.Int64);
        Width = Size(node[1], 2);
    }

    /// <summary>Gets the number of directions.</summary>
    internal int Directions { get; }

    /// <summary>Gets the number of hidden values of a direction.</summary>
    internal long Hidden { get; }

    /// <summary>Gets the number of features of X: an int64 vector of one element.</summary>
    internal Value Width { get; }

    /// <summary>Gets whether every sequence is as long as the axis of time.</summary>
    internal bool AreFull => _lengths is null;

    private Graph Graph => _node.Graph;

    // [1, T, B, 1]: before the end of its sequence.
    private Value IsValid => Steps.Less(Lengths);

    // [1, T, B, 1]: the last of its sequence.
    private Value IsLast => Steps.Equal(Lengths - Graph.Integer(1));

    private Value Lengths => _lengths!.Reshape(1, 1, -1, 1);

    private Value Steps => Graph.Emit("Range", [Graph.Integer(0), Size(_node[0], 0).Squeeze(0), Graph.Integer(1)]).As(ElementType.Int64).Reshape(1, -1, 1, 1);

    /// <summary>X [T, B, ·], once for each direction.</summary>
    internal Value Read(Value x) => InOrder(Directions == 1 ? x.Unsqueeze(0) : Operators.Concat([x.Unsqueeze(0), x.Unsqueeze(0)], 0));

    /// <summary>The gradient of X from that of what was read.</summary>
    internal Value Unread(Value dX) => Directions == 1 ? InOrder(dX).Squeeze(0) : InOrder(dX).Sum([0], keep: false);

    /// <summary>Y [T, D, B, H] as [D, T, B, H].</summary>
    internal Value Ordered(Value y) => InOrder(y.Transpose(1, 0, 2, 3));

    /// <summary>All hidden states as Y, which is 0 behind a sequence's end.</summary>
    internal Value Unordered(Value states) => InOrder(Masked(states)).Transpose(1, 0, 2, 3);

    /// <summary>The state [D, B, H] behind the last step of each sequence; 0 where it has none.</summary>
    /// <param name="states">The states of all steps.</param>
    /// <param name="final">The state behind all steps.</param>
    internal Value Last(Value states, Value final) => AreFull ? final : states.Masked(IsLast).Sum([1], keep: false);

    /// <summary>The value where a sequence is valid, 0 or another value behind its end.</summary>
    internal Value Masked(Value x, double otherwise = 0) => AreFull ? x : IsValid.Where(x, x.Like(otherwise));

    /// <summary>The gradient that arrives at each hidden state [D, T, B, H], and the one that arrives behind all steps [D, B, H].</summary>
    internal (Value At, Value Behind) Arriving(Value? dY, Value? dH)
    {
        var at = dY is null ? Zeros(Size(_node[0], 0)) : Masked(Ordered(dY));
        return AreFull ? (at, dH ?? Zeros()) : (dH is null ? at : at + dH.Unsqueeze(1).Masked(IsLast), Zeros());
    }

    /// <summary>The gradient of a state that stays as it is behind a sequence's end; one of no steps gives 0, whatever it began with.</summary>
    internal Value Staying(Value? d) => d is null ? Zeros() : AreFull ? d : d.Masked(Lengths.Squeeze(0).Greater(Graph.Integer(0)));

    /// <summary>An initial state, [D, B, H]: an optional input of the node.</summary>
    internal Value Initial(int input) => _node.Optional(input) ?? Zeros();

    /// <summary>The state before each step.</summary>
    internal static Value Before(Value initial, Value states) => Operators.Concat([initial.Unsqueeze(1), states.Slice(1, 0, -1)], 1);

    /// <summary>x mᵀ for every step, [D, T, B, width]·[D, n·H, width]: one product a direction.</summary>
    internal Value Times(Value x, Value width, Value m, long gates) => Unrows(Rows(x, width).MatMul(m.Transpose(0, 2, 1)), Gates(gates));

    /// <summary>dA W for every step: the gradient of what was read.</summary>
    internal Value Back(Value dA, long gates, Value w) => Unrows(Rows(dA, Gates(gates)).MatMul(w), Width);

    /// <summary>Σ dAᵀ x over all steps and sequences, [D, n·H, width].</summary>
    internal Value Outer(Value dA, long gates, Value x, Value? width = null) =>
        Rows(dA, Gates(gates)).Transpose(0, 2, 1).MatMul(Rows(x, width ?? Gates(1)));

    /// <summary>What goes into the gates, with the biases of W and R, [D, 2·n·H].</summary>
    internal Value Biased(Value a, Value? biases, long gates)
    {
        if (biases is null)
            return a;
        var halves = Parts(biases, 2);
        return a + (halves[0] + halves[1]).Reshape(Directions, 1, 1, gates * Hidden);
    }

    /// <summary>The width of so many gates.</summary>
    internal Value Gates(long gates) => Graph.Vector(gates * Hidden);

    /// <summary>A vector for each direction, [D, n·H], as n values that go with states of a rank.</summary>
    internal Value[] PerDirection(Value vector, int parts, int rank) =>
        [.. Parts(vector, parts).Select(p => p.Reshape([Directions, .. Enumerable.Repeat(1L, rank - 2), Hidden]))];

    /// <summary>The n parts of the last axis.</summary>
    internal static Value[] Parts(Value x, int parts) =>
        parts == 1 ? [x] : [.. x.Graph.AddNode("Split", "", [x], [("axis", -1), ("num_outputs", parts)], parts).Outputs!];

    private Value InOrder(Value x)
    {
        if (_direction == "forward")
            return x;
        if (Directions == 1)
            return Reversed(x);
        var halves = Graph.AddNode("Split", "", [x], [("axis", 0), ("num_outputs", 2)], 2).Outputs;
        return Operators.Concat([halves[0]!, Reversed(halves[1]!)], 0);
    }

    // [1, T, B, ·]
    private Value Reversed(Value x) => _lengths is null ? x.Slice(1, -1, long.MinValue, -1)
        : Graph.Emit("ReverseSequence", [x.Squeeze(0), _lengths], ("time_axis", 0), ("batch_axis", 1)).Unsqueeze(0);

    private Value Rows(Value x, Value width) => x.Reshape(Joined(Graph.Vector(Directions, -1), width));

    private Value Unrows(Value x, Value width) => x.Reshape(Joined(Graph.Vector(Directions), Size(_node[0], 0), Size(_node[0], 1), width));

    private Value Zeros(params Value[] steps) =>
        _node[0].ZerosOf(Joined([Graph.Vector(Directions), .. steps, Size(_node[0], 1), Graph.Vector(Hidden)]));

    // A size as an int64 vector: a constant where it is known.
    private Value Size(Value x, int axis) => x.Shape is { } shape && shape[axis].IsKnown ? Graph.Vector(shape[axis].Size)
        : Graph.Emit("Shape", [x], ("start", axis), ("end", axis + 1)).As(ElementType.Int64);

    private Value Joined(params Value[] sizes) => sizes.All(s => s.Initializer is not null)
        ? Graph.Vector([.. sizes.SelectMany(s => s.Initializer!.ToInt64())])
        : Operators.Concat(sizes, 0);
}
