using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.TensorSequences;

/// <summary>What is known of a sequence of tensors: each of them, or all of them stacked along a new first axis.</summary>
/// <remarks>In a graph the first form is SequenceConstruct (or SequenceEmpty), the second SplitToSequence along axis 0 without keeping it.</remarks>
internal sealed class TensorSequence
{
    private readonly Value? _stack;

    private TensorSequence(IReadOnlyList<Value>? elements, Value? stack) => (Elements, _stack) = (elements, stack);

    /// <summary>Gets the tensors, where their number is known; they may be values of a graph around.</summary>
    internal IReadOnlyList<Value>? Elements { get; }

    /// <summary>Gets the shape of the stack, where the sequence is one and its shape is known.</summary>
    internal Shape? StackShape => _stack?.Shape;

    /// <summary>Gets whether the tensors can be stacked: there are some, and none is known to have another shape than the rest.</summary>
    internal bool CanStack => _stack is not null
        || (Elements!.Count > 0 && Elements.Select(e => e.Shape).Where(s => s is { IsStatic: true }).Select(s => s!.ToString()).Distinct().Count() < 2);

    /// <summary>Gets the sequence that a value is, or <see langword="null"/> where it is none or has none of the two forms.</summary>
    internal static TensorSequence? Of(Value value) => value.Source().Producer switch
    {
        { OpType: "SequenceEmpty" } => Of([]),
        { OpType: "SequenceConstruct" } node => Of([.. node.Inputs.Select((_, i) => node[i])]),
        { OpType: "SplitToSequence" } node when IsStack(node) => OfStack(node[0]),
        _ => null,
    };

    /// <summary>Makes a sequence of tensors.</summary>
    internal static TensorSequence Of(IReadOnlyList<Value> elements) => new(elements, null);

    /// <summary>Makes a sequence of the rows of a tensor.</summary>
    internal static TensorSequence OfStack(Value stack) => new(null, stack);

    /// <summary>Gets whether a SplitToSequence is the form of a stack.</summary>
    internal static bool IsStack(Node split) => split.Int("axis", 0) == 0 && split.Int("keepdims", 1) == 0 && IsOneByOne(split);

    /// <summary>Gets whether a SplitToSequence cuts pieces of size 1; only then does ONNX Runtime look at <c>keepdims</c>.</summary>
    internal static bool IsOneByOne(Node split) => split.Optional(1) is null || KnownIntegers.Tensor(split[1]) is { Sizes: [], Elements: [1] };

    /// <summary>Writes the sequence in a graph.</summary>
    internal Value In(Graph graph) =>
        _stack is not null ? graph.Emit("SplitToSequence", [Taken(_stack, graph)], ("axis", 0), ("keepdims", 0)).As(ElementType.Undefined)
        : Elements!.Count == 0 ? graph.Emit("SequenceEmpty", [])
        : graph.Emit("SequenceConstruct", Elements.Select(e => Taken(e, graph))).As(ElementType.Undefined);

    /// <summary>Gets the tensors stacked, in a graph.</summary>
    internal Value Stack(Graph graph) => _stack is not null ? Taken(_stack, graph) : Operators.Concat([.. Elements!.Select(e => Taken(e, graph).Unsqueeze(0))], 0);

    /// <summary>Gets how many tensors there are, as a scalar.</summary>
    internal Value Length(Graph graph) => _stack is null ? graph.Integer(Elements!.Count)
        : Taken(_stack, graph).DynamicShape().Gather(graph.Integer(0), 0);

    /// <summary>Gets one tensor; the position counts from the end where it is negative.</summary>
    internal Value At(long position, Graph graph) => _stack is not null
        ? Taken(_stack, graph).Slice(0, position, position == -1 ? long.MaxValue : position + 1).Squeeze(0)
        : Taken(Elements![(int)(position < 0 ? position + Elements.Count : position)], graph);

    /// <summary>Gets a value as one of a graph within.</summary>
    internal static Value Taken(Value value, Graph graph)
    {
        if (value.Graph == graph)
            return value;
        var taken = graph.Emit("Identity", [value]);
        (taken.Type, taken.Shape) = (value.Type, value.Shape);
        return taken;
    }
}
