namespace Sema.Onnx.Graphs.Passes;

/// <summary>Computes the integers and conditions that follow from constants and from known sizes before anything runs.</summary>
internal static class KnownIntegers
{
#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, Func<Node, Func<Value, long[]?>, long[]?>> Operators = new()
    {
        // y = op(x, ...)          its elements, where those of x (or its sizes) are known
        ["Identity"]         = (y, of) => of(y[0]),
        ["Squeeze"]          = (y, of) => of(y[0]),
        ["Unsqueeze"]        = (y, of) => of(y[0]),
        ["Reshape"]          = (y, of) => of(y[0]),
        ["Flatten"]          = (y, of) => of(y[0]),
        ["Cast"]             = Cast,
        ["Shape"]            = (y, _) => y[0].Shape is { } shape && Sizes(y, shape) is var sizes && !sizes.Contains(-1) ? sizes : null,
        ["Size"]             = (y, of) => y[0].Shape is { IsStatic: true } shape ? [shape.Count] : null,
        ["Gather"]           = Gather,
        ["Slice"]            = Slice,
        ["Concat"]           = (y, of) => y.Output.Shape is { Rank: 1 } ? Joined(y, of) : null,
        ["Not"]              = (y, of) => of(y[0])?.Select(x => 1 - x).ToArray(),
        ["Neg"]              = (y, of) => of(y[0])?.Select(x => -x).ToArray(),
        ["And"]              = (y, of) => Pairs(y, of, (a, b) => a & b),
        ["Or"]               = (y, of) => Pairs(y, of, (a, b) => a | b),
        ["Xor"]              = (y, of) => Pairs(y, of, (a, b) => a ^ b),
        ["Equal"]            = (y, of) => Pairs(y, of, (a, b) => a == b ? 1 : 0),
        ["Less"]             = (y, of) => Pairs(y, of, (a, b) => a < b ? 1 : 0),
        ["LessOrEqual"]      = (y, of) => Pairs(y, of, (a, b) => a <= b ? 1 : 0),
        ["Greater"]          = (y, of) => Pairs(y, of, (a, b) => a > b ? 1 : 0),
        ["GreaterOrEqual"]   = (y, of) => Pairs(y, of, (a, b) => a >= b ? 1 : 0),
        ["Add"]              = (y, of) => Pairs(y, of, (a, b) => a + b),
        ["Sub"]              = (y, of) => Pairs(y, of, (a, b) => a - b),
        ["Mul"]              = (y, of) => Pairs(y, of, (a, b) => a * b),
        ["Div"]              = (y, of) => of(y[1])?.Contains(0) != false ? null : Pairs(y, of, (a, b) => a / b),
    };
#pragma warning restore format

    /// <summary>Gets the elements of an integer or boolean value (true is 1), or <see langword="null"/> where only the run can tell.</summary>
    internal static long[]? Of(Value value)
    {
        var known = new Dictionary<Value, long[]?>();
        return Of(value);

        long[]? Of(Value v)
        {
            if (!known.TryGetValue(v, out var elements))
                known[v] = elements = Find(v);
            return elements;
        }

        long[]? Find(Value v) =>
            v.Graph.Inputs.Contains(v) ? null
            : v.Initializer is { } constant ? (IsInteger(constant.Type) ? constant.ToInt64() : null)
            : v.Producer is { Domain.Length: 0 } node && node.Output == v && Operators.TryGetValue(node.OpType, out var op) ? op(node, Of)
            : null;
    }

    private static bool IsInteger(ElementType type) => type is ElementType.Int64 or ElementType.Int32 or ElementType.Bool or ElementType.UInt8;

    private static long[]? Cast(Node y, Func<Value, long[]?> of) => (ElementType)y.Int("to", 0) switch
    {
        ElementType.Bool => of(y[0])?.Select(x => x == 0 ? 0L : 1).ToArray(),
        ElementType.Int64 or ElementType.Int32 => of(y[0])?.Select(x => x).ToArray(),
        _ => null,
    };

    private static long[] Sizes(Node y, Shape shape)
    {
        var (start, end) = (At(y.Int("start", 0)), At(y.Int("end", shape.Rank)));
        return end > start ? shape.Sizes[start..end] : [];

        int At(long axis) => (int)Math.Clamp(axis < 0 ? axis + shape.Rank : axis, 0, shape.Rank);
    }

    private static long[]? Gather(Node y, Func<Value, long[]?> of) =>
        y[0].Shape is { Rank: 1 } && of(y[0]) is { } data && of(y[1]) is { } places && places.All(i => i >= -data.Length && i < data.Length)
            ? [.. places.Select(i => data[i < 0 ? i + data.Length : i])] : null;

    // A run of a vector.
    private static long[]? Slice(Node y, Func<Value, long[]?> of)
    {
        if (y[0].Shape is not { Rank: 1 } || of(y[0]) is not { } data || of(y[1]) is not [var start] || of(y[2]) is not [var end]
            || (y.Optional(4) is { } steps && of(steps) is not [1]))
        {
            return null;
        }

        var (from, to) = (At(start), At(end));
        return to > from ? data[from..to] : [];

        int At(long place) => (int)Math.Clamp(place < 0 ? Math.Max(place, -data.Length) + data.Length : place, 0, data.Length);
    }

    private static long[]? Joined(Node y, Func<Value, long[]?> of)
    {
        var parts = y.Inputs.Select(x => of(x!)).ToList();
        return parts.Contains(null) ? null : [.. parts.SelectMany(p => p!)];
    }

    private static long[]? Pairs(Node y, Func<Value, long[]?> of, Func<long, long, long> op) => (of(y[0]), of(y[1])) switch
    {
        ({ } a, { } b) when a.Length == b.Length => [.. a.Zip(b, op)],
        ({ } a, [var b]) => [.. a.Select(x => op(x, b))],
        ([var a], { } b) => [.. b.Select(x => op(a, x))],
        _ => null,
    };
}
