using Sema.Onnx.Graphs;
using Sema.Onnx.Inspection;

namespace Sema.Onnx.Verification.Synthesis;

/// <summary>What a model does with an integer input, as far as that limits the values which make sense.</summary>
/// <param name="Below">The least size of the axes that it is an index of; <see langword="null"/> where it is none.</param>
/// <param name="Choices">The constants that it is compared with for equality.</param>
/// <param name="IsLength">Whether it gives a size, a count of steps or the end of a range.</param>
/// <param name="IsNumber">Whether it is turned into a float.</param>
/// <param name="IsPlace">Whether a scatter without reduction writes there: what equal places then hold is not defined.</param>
internal sealed record InputUse(long? Below, IReadOnlyList<long> Choices, bool IsLength, bool IsNumber, bool IsPlace);

/// <summary>Follows integer inputs through a model to where their values matter.</summary>
internal sealed class InputUses
{
    // The operators that pass on the elements of their first input, some of them changed in order or number; of the joining ones, of any.
    private static readonly HashSet<string> Passing =
        ["Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose", "Expand", "Tile", "Slice", "Split", "Gather", "Pad", "Dropout"];

    private static readonly HashSet<string> Joining = ["Concat", "Where", "Max", "Min"];

    private readonly ILookup<Value, (Node Node, int Input)> _readers;

    /// <param name="graph">The model's graph; what the bodies of control flow read of it counts.</param>
    internal InputUses(Graph graph) => _readers = ModelInspector.Bodies(graph).Select(b => b.Body).Prepend(graph)
        .SelectMany(g => g.Nodes).SelectMany(n => n.Inputs.Select((value, i) => (value, n, i))).Where(r => r.value is not null)
        .ToLookup(r => r.value!, r => (r.n, r.i));

    /// <summary>Finds what limits an input's values.</summary>
    internal InputUse Of(Value input)
    {
        var (below, choices, isLength, isNumber, isPlace) = ((long?)null, new SortedSet<long>(), false, false, false);
        var (next, seen) = (new Queue<(Value Value, long Shift)>([(input, 0)]), new HashSet<Value> { input });
        while (next.TryDequeue(out var at))
        {
            foreach (var (node, i) in _readers[at.Value])
            {
                isPlace |= i == 1 && node.OpType is "Scatter" or "ScatterElements" or "ScatterND" && node.Get<string>("reduction") is null or "none";
                if (IndexedSize(node, i) is { } size)
                    below = Math.Min(below ?? long.MaxValue, Math.Max(1, size - at.Shift));
                else if (node.OpType == "Equal" && Constant(node.Optional(1 - i)) is { } compared)
                    choices.UnionWith(compared.Select(c => c - at.Shift));
                else if (IsSize(node, i))
                    isLength = true;
                else if (node.OpType == "Cast" && ((ElementType)node.Int("to", 1)).IsFloat())
                    isNumber = true;
                else if (Shift(node, i) is { } shift)
                    Follow(node, at.Shift + shift);
            }
        }

        return new(below, [.. choices], isLength, isNumber, isPlace);

        void Follow(Node node, long shift)
        {
            foreach (var output in node.Outputs.OfType<Value>().Where(seen.Add))
                next.Enqueue((output, shift));
        }
    }

    private static long? IndexedSize(Node node, int input) => (node.OpType, input) switch
    {
        ("Gather" or "GatherElements" or "Scatter" or "ScatterElements", 1) => Size(node.Optional(0), (int)node.Int("axis", 0)),
        ("GatherND" or "ScatterND", 1) => Enumerable.Range((int)node.Int("batch_dims", 0), (int)Math.Clamp(Size(node.Optional(1), -1) ?? 0, 0, node.Optional(0)?.Shape?.Rank ?? 0)).Min(axis => Size(node.Optional(0), axis)),
        ("OneHot", 0) => Constant(node.Optional(1)) is [var depth, ..] ? depth : null,
        ("EmbedLayerNormalization", 0) => Size(node.Optional(2), 0),
        ("EmbedLayerNormalization", 1) => Size(node.Optional(4), 0),
        _ => null,
    };

    private static bool IsSize(Node node, int input) => (node.OpType, input) switch
    {
        ("Range" or "ConstantOfShape" or "Loop" or "Upsample", _) => true,
        ("Reshape" or "Expand" or "Tile" or "Slice" or "TopK" or "Resize" or "Pad", > 0) => true,
        ("LSTM" or "GRU" or "RNN", 4) or ("ReverseSequence", 1) => true,
        ("Less" or "LessOrEqual" or "Greater" or "GreaterOrEqual", _) => true,
        _ => false,
    };

    // How far the values move when a node passes them on; null where it does not.
    private static long? Shift(Node node, int input) => node.OpType switch
    {
        "Cast" => 0,
        "Add" when Constant(node.Optional(1 - input)) is [var added] => added,
        "Sub" when input == 0 && Constant(node.Optional(1)) is [var less] => -less,
        _ => Joining.Contains(node.OpType) || (input == 0 && Passing.Contains(node.OpType)) ? 0 : null,
    };

    private static long? Size(Value? data, int axis) =>
        data?.Shape is { } shape && axis >= -shape.Rank && axis < shape.Rank && shape[axis < 0 ? axis + shape.Rank : axis] is { IsKnown: true } size
            ? size.Size : null;

    private static long[]? Constant(Value? value) =>
        value?.Initializer is { Type: ElementType.Int64 or ElementType.Int32 or ElementType.UInt8 or ElementType.Bool } tensor ? tensor.ToInt64() : null;
}
