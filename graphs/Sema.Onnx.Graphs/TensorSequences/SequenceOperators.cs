using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.TensorSequences;

/// <summary>Writes operators on sequences of tensors as operators on the tensors, which have gradients.</summary>
/// <remarks>
/// Each row writes its operator where its input is a <see cref="TensorSequence"/>, so that from the makers on the sequences go away; what a
/// row must know beyond that (a rank, a position) may be known only when the shapes are asked for anew.
/// </remarks>
internal static class SequenceOperators
{
#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, Func<Node, Func<Value>?>> Table = new()
    {
        ["SequenceAt"]          = At,
        ["SequenceInsert"]      = Insert,
        ["SequenceErase"]       = Erase,
        ["SequenceLength"]      = y => TensorSequence.Of(y[0]) is { } s ? () => s.Length(y.Graph).Identity() : null,
        ["ConcatFromSequence"]  = Joined,
        ["SplitToSequence"]     = Cut,
        ["OptionalGetElement"]  = y => Content(y[0]) is { } content ? () => TensorSequence.Taken(content, y.Graph).Identity() : null,
        ["OptionalHasElement"]  = y => y.Optional(0) is not { } x ? () => Truth(y.Graph, false)
                                     : x.Source().Producer is { OpType: "Optional" } made ? () => Truth(y.Graph, made.Optional(0) is not null)
                                     : x.Type != ElementType.Undefined || TensorSequence.Of(x) is not null ? () => Truth(y.Graph, true) : null,
    };
#pragma warning restore format

    /// <summary>The operators that have a gradient by this alone, sorted by name.</summary>
    internal static readonly string[] Rewritten =
        ["ConcatFromSequence", "Optional", "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence"];

    /// <summary>Runs the pass, on bodies too; run it again when the shapes of what it wrote are known.</summary>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="InvalidModelException">A position is outside its sequence, or sizes do not fit.</exception>
    internal static bool Run(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.ToList().Where(n => n.Domain.Length == 0))
        {
            // What a body's results are is known when the shapes in it are.
            if (node.OpType != "SequenceMap" && node.Subgraphs().ToList().FindAll(Run).Count > 0)
            {
                changed = true;
            }
            else if (Writing(node) is { } write)
            {
                graph.ReplaceNode(node, write);
                changed = true;
            }
        }

        RemoveUnread(graph);
        return changed;
    }

    private static Func<IReadOnlyList<Value>>? Writing(Node node) => node.OpType switch
    {
        "SequenceMap" => SequenceMaps.Written(node),
        "Loop" => SequenceStates.OfLoop(node),
        "If" => SequenceStates.OfIf(node),
        _ => Table.GetValueOrDefault(node.OpType)?.Invoke(node) is { } write ? () => [write()] : null,
    };

    private static Func<Value>? At(Node y) => TensorSequence.Of(y[0]) is not { } s ? null
        : Known(y, 1, s, last: -1) is { } known ? () => s.At(known, y.Graph).Identity()
        : s.CanStack ? () => s.Stack(y.Graph).Gather(y[1].Reshape(y.Graph.Vector()), 0)
        : null;

    private static Func<Value>? Insert(Node y) => TensorSequence.Of(y[0]) is not { } s ? null
        : s.Elements is { } elements && (y.Optional(2) is null ? elements.Count : Known(y, 2, s, last: 0)) is { } place
            ? () => TensorSequence.Of([.. elements.Take((int)place), y[1], .. elements.Skip((int)place)]).In(y.Graph)
        : s.CanStack ? () => Stacked(y.Optional(2) is null ? [s.Stack(y.Graph), y[1].Unsqueeze(0)] : [Before(y, s, 2), y[1].Unsqueeze(0), After(y, s, 2, 0)])
        : null;

    private static Func<Value>? Erase(Node y) => TensorSequence.Of(y[0]) is not { } s ? null
        : s.Elements is { } elements && (y.Optional(1) is null ? elements.Count - 1 : Known(y, 1, s, last: -1)) is { } place
            ? () => TensorSequence.Of([.. elements.Where((_, i) => i != place)]).In(y.Graph)
        : s.CanStack ? () => Stacked(y.Optional(1) is null ? [s.Stack(y.Graph).Slice(0, 0, -1)] : [Before(y, s, 1), After(y, s, 1, 1)])
        : null;

    private static Func<Value>? Joined(Node y)
    {
        var (axis, isNew) = (y.Int("axis", 0), y.Int("new_axis", 0) != 0);
        return TensorSequence.Of(y[0]) switch
        {
            { Elements: { Count: > 0 } elements } => () =>
                Operators.Concat([.. elements.Select(e => TensorSequence.Taken(e, y.Graph)).Select(e => isNew ? e.Unsqueeze(axis) : e)], axis),
            { Elements: null } rows when isNew && axis == 0 => () => rows.Stack(y.Graph).Identity(),
            { StackShape: { } shape } rows => () => Merged(rows.Stack(y.Graph), y.Axis("axis", 0, isNew ? shape.Rank : shape.Rank - 1), isNew),
            _ => null,
        };
    }

    // Rows of a stack, put side by side along an axis of theirs.
    private static Value Merged(Value stack, int axis, bool isNew)
    {
        var rank = stack.Rank;
        var turned = stack.Transpose([.. Enumerable.Range(1, axis).Select(i => (long)i), 0, .. Enumerable.Range(axis + 1, rank - axis - 1).Select(i => (long)i)]);
        if (isNew)
            return turned;
        var sizes = turned.DynamicShape();
        var graph = stack.Graph;
        return turned.Reshape(Operators.Concat([sizes.Slice(0, 0, axis), graph.Vector(-1), sizes.Slice(0, axis + 2, rank)], 0));
    }

    private static Func<Value>? Cut(Node y)
    {
        if (TensorSequence.IsStack(y) || y[0].Shape is not { } shape)
            return null;
        var axis = y.Axis("axis", 0, shape.Rank);
        if (TensorSequence.IsOneByOne(y))
        {
            return () =>
            {
                var x = y.Int("keepdims", 1) == 0 ? y[0] : y[0].Unsqueeze(axis + 1);
                var rank = shape.Rank + (x == y[0] ? 0 : 1);
                return TensorSequence.OfStack(axis == 0 ? x : x.Transpose([axis, .. Enumerable.Range(0, rank).Where(i => i != axis).Select(i => (long)i)])).In(y.Graph);
            };
        }

        return Sizes(y, shape[axis]) is { } sizes ? () =>
        {
            var split = y.Graph.AddNode("Split", "", [y[0], y.Graph.Vector(sizes)], [("axis", axis)], sizes.Count);
            return TensorSequence.Of([.. split.Outputs.Select(o => o!)]).In(y.Graph);
        }
        : null;
    }

    // A scalar is the size of each piece, but perhaps the last; a vector has the size of each.
    private static List<long>? Sizes(Node y, Dimension whole)
    {
        if (KnownIntegers.Tensor(y[1]) is not { } given)
            return null;
        if (given.Sizes.Length > 0)
            return given.Elements.Length > 0 ? [.. given.Elements] : null;
        var (size, pieces) = (given.Elements[0], new List<long>());
        if (size <= 0)
            throw new InvalidModelException($"Operator '{y.OpType}', node {y.Label}: pieces of the size {size} cannot be cut.");
        if (whole.Size <= 0 || whole.Size / size > Integers.Most)
            return null;
        for (var left = whole.Size; left > 0; left -= size)
            pieces.Add(Math.Min(size, left));
        return pieces;
    }

    // What an Optional holds, through the Optional; a sequence or a tensor stands for itself.
    private static Value? Content(Value value) => value.Source().Producer is { OpType: "Optional" } made ? made.Optional(0)
        : TensorSequence.Of(value) is not null ? value
        : null;

    private static Value Truth(Graph graph, bool value) =>
        graph.AddInitializer(graph.UniqueName("truth"), new(ElementType.Bool, [], new[] { (byte)(value ? 1 : 0) })).Identity();

    // A position that is known, counted from the front where the number of tensors is known, too. In a body one outside may never be asked for.
    private static long? Known(Node y, int input, TensorSequence s, int last)
    {
        if (KnownIntegers.Of(y[input]) is not [var place])
            return null;
        if (s.Elements is not { Count: var count })
            return place;
        return place >= -count && place <= count + last ? place < 0 ? place + count : place
            : y.Graph.Parent is not null ? null
            : throw new InvalidModelException($"Operator '{y.OpType}', node {y.Label}: the position {place} is outside a sequence of {count} tensors.");
    }

    private static Value Stacked(IReadOnlyList<Value> parts) => TensorSequence.OfStack(Operators.Concat(parts, 0)).In(parts[0].Graph);

    private static Value Before(Node y, TensorSequence s, int position) => s.Stack(y.Graph).Slice(y.Graph.Vector(0), Place(y, s, position), y.Graph.Vector(0));

    private static Value After(Node y, TensorSequence s, int position, long skipped) =>
        s.Stack(y.Graph).Slice(Place(y, s, position) + y.Graph.Vector(skipped), y.Graph.Vector(long.MaxValue), y.Graph.Vector(0));

    // A position that only the run can tell, counted from the front.
    private static Value Place(Node y, TensorSequence s, int position)
    {
        var given = y[position].Cast(ElementType.Int64).Reshape(1);
        return given.Less(y.Graph.Vector(0)).Where(given + s.Length(y.Graph), given);
    }

    // Sequences that nothing reads any more.
    private static void RemoveUnread(Graph graph)
    {
        foreach (var body in graph.Bodies)
            RemoveUnread(body);
        foreach (var node in graph.Nodes.AsEnumerable().Reverse().ToList())
        {
            if (node is { Domain.Length: 0, Outputs: [{ } output] } && output.Source().Producer is { } made && Rewritten.Contains(made.OpType) && !node.IsRead(output))
            {
                graph.Nodes.Remove(node);
                graph.Remove(output);
            }
        }
    }
}
