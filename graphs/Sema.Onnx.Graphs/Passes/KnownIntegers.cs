namespace Sema.Onnx.Graphs.Passes;

/// <summary>Computes the integers and conditions that follow from constants and from known sizes before anything runs.</summary>
internal static class KnownIntegers
{
#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, Func<Node, Func<Value, Integers?>, Integers?>> Operators = new()
    {
        // y = op(x, ...)          its elements, where those of x (or its sizes) are known
        ["Identity"]         = (y, of) => of(y[0]),
        ["Squeeze"]          = (y, of) => of(y[0]) is { } x ? Squeeze(y, x, of) : null,
        ["Unsqueeze"]        = (y, of) => of(y[0]) is { } x && Axes(y, of) is { } axes ? Unsqueeze(x, axes) : null,
        ["Reshape"]          = (y, of) => y.Int("allowzero", 0) == 0 && of(y[1]) is { } sizes ? of(y[0])?.Reshape(sizes.Elements) : null,
        ["Flatten"]          = (y, of) => of(y[0]) is { } x ? Flatten(x, y.Int("axis", 1)) : null,
        ["Transpose"]        = (y, of) => of(y[0]) is { } x ? x.Transpose(y.Ints("perm") ?? [.. Enumerable.Range(0, x.Sizes.Length).Reverse().Select(i => (long)i)]) : null,
        ["Cast"]             = Cast,
        ["Shape"]            = (y, _) => y[0].Shape is { } shape && Sizes(y, shape) is var sizes && !sizes.Contains(-1) ? Integers.Vector(sizes) : null,
        ["Size"]             = (y, _) => y[0].Shape is { IsStatic: true } shape ? Integers.Scalar(shape.Count) : null,
        ["ConstantOfShape"]  = (y, of) => y.Get<Tensor>("value") is { } value && IsInteger(value.Type) && of(y[0]) is { } sizes ? Integers.Build(sizes.Elements, _ => value.ToInt64()[0]) : null,
        ["Range"]            = (y, of) => (of(y[0]), of(y[1]), of(y[2])) is ({ Elements: [var start] }, { Elements: [var limit] }, { Elements: [var step] }) ? Range(start, limit, step) : null,
        ["Expand"]           = (y, of) => of(y[1]) is { } sizes ? Integers.Broadcast([of(y[0]), Integers.Build(sizes.Elements, _ => 0)], x => x[0]) : null,
        ["Gather"]           = (y, of) => (of(y[0]) ?? OpenSizes(y[0])) is { } data && of(y[1]) is { } places ? Whole(data.Gather(places, y.Int("axis", 0)), y[0]) : null,
        ["Slice"]            = Slice,
        ["Concat"]           = (y, of) => Integers.Join([.. y.Inputs.Select(x => of(x!))], y.Int("axis", 0)),
        ["Where"]            = (y, of) => Elementwise(y, of, x => x[0] != 0 ? x[1] : x[2]),
        ["Not"]              = (y, of) => of(y[0])?.Map(x => 1 - x),
        ["Neg"]              = (y, of) => of(y[0])?.Map(x => -x),
        ["Abs"]              = (y, of) => of(y[0])?.Map(x => x < 0 ? -x : x),
        ["And"]              = (y, of) => Elementwise(y, of, x => x[0] & x[1]),
        ["Or"]               = (y, of) => Elementwise(y, of, x => x[0] | x[1]),
        ["Xor"]              = (y, of) => Elementwise(y, of, x => x[0] ^ x[1]),
        ["Equal"]            = (y, of) => Elementwise(y, of, x => x[0] == x[1] ? 1 : 0),
        ["Less"]             = (y, of) => Elementwise(y, of, x => x[0] < x[1] ? 1 : 0),
        ["LessOrEqual"]      = (y, of) => Elementwise(y, of, x => x[0] <= x[1] ? 1 : 0),
        ["Greater"]          = (y, of) => Elementwise(y, of, x => x[0] > x[1] ? 1 : 0),
        ["GreaterOrEqual"]   = (y, of) => Elementwise(y, of, x => x[0] >= x[1] ? 1 : 0),
        ["Add"]              = (y, of) => Elementwise(y, of, x => x[0] + x[1]),
        ["Sub"]              = (y, of) => Elementwise(y, of, x => x[0] - x[1]),
        ["Mul"]              = (y, of) => Elementwise(y, of, x => x[0] * x[1]),
        ["Div"]              = (y, of) => of(y[1])?.Elements.Contains(0) != false ? null : Elementwise(y, of, x => x[1] == -1 ? -x[0] : x[0] / x[1]),
        ["Min"]              = (y, of) => Elementwise(y, of, x => x.Min()),
        ["Max"]              = (y, of) => Elementwise(y, of, x => x.Max()),
    };
#pragma warning restore format

    /// <summary>Gets the elements of an integer or boolean value (true is 1), or <see langword="null"/> where only the run can tell.</summary>
    internal static long[]? Of(Value value) => Tensor(value)?.Elements;

    /// <summary>Gets an integer or boolean value, or <see langword="null"/> where only the run can tell it or it is large.</summary>
    internal static Integers? Tensor(Value value)
    {
        var known = new Dictionary<Value, Integers?>();
        return Of(value);

        Integers? Of(Value v)
        {
            if (!known.TryGetValue(v, out var elements))
                known[v] = elements = Find(v);
            return elements;
        }

        Integers? Find(Value v) =>
            v.Graph.Inputs.Contains(v) ? null
            : v.Initializer is { } constant ? (IsInteger(constant.Type) && constant.Count <= Integers.Most ? new([.. constant.Dims], constant.ToInt64()) : null)
            : v.Producer is { Domain.Length: 0 } node && node.Output == v && Operators.TryGetValue(node.OpType, out var op) ? op(node, Of)
            : null;
    }

    private static bool IsInteger(ElementType type) => type is ElementType.Int64 or ElementType.Int32 or ElementType.Bool or ElementType.UInt8;

    private static Integers? Cast(Node y, Func<Value, Integers?> of) => (ElementType)y.Int("to", 0) switch
    {
        ElementType.Bool => of(y[0])?.Map(x => x == 0 ? 0 : 1),
        ElementType.Int64 => of(y[0]),
        ElementType.Int32 => of(y[0])?.Map(x => (int)x),
        _ => null,
    };

    private static long[] Sizes(Node y, Shape shape)
    {
        var (start, end) = (At(y.Int("start", 0)), At(y.Int("end", shape.Rank)));
        return end > start ? shape.Sizes[start..end] : [];

        int At(long axis) => (int)Math.Clamp(axis < 0 ? axis + shape.Rank : axis, 0, shape.Rank);
    }

    // Some sizes of a shape may be known where others are not: -1 here.
    private static Integers? OpenSizes(Value v) =>
        v.Producer is { OpType: "Shape", Domain.Length: 0 } y && y[0].Shape is { } shape ? Integers.Vector(Sizes(y, shape)) : null;

    private static Integers? Whole(Integers? part, Value of) => OpenSizes(of) is not null && part?.Elements.Contains(-1) == true ? null : part;

    private static Integers? Slice(Node y, Func<Value, Integers?> of)
    {
        if ((of(y[0]) ?? OpenSizes(y[0])) is not { } x || of(y[1])?.Elements is not { } starts || of(y[2])?.Elements is not { } ends || ends.Length != starts.Length
            || Along(3, i => i) is not { } axes || Along(4, _ => 1) is not { } steps)
        {
            return null;
        }

        return Whole(Enumerable.Range(0, starts.Length).Aggregate<int, Integers?>(x, (part, i) => part?.Slice(axes[i], starts[i], ends[i], steps[i])), y[0]);

        long[]? Along(int input, Func<int, long> otherwise) => y.Optional(input) is not { } given ? [.. Enumerable.Range(0, starts.Length).Select(otherwise)]
            : of(given)?.Elements is { } list && list.Length == starts.Length ? list : null;
    }

    // Axes are an attribute up to opset 12, an input since.
    private static long[]? Axes(Node y, Func<Value, Integers?> of) => y.Optional(1) is { } axes ? of(axes)?.Elements : y.Ints("axes");

    private static Integers? Squeeze(Node y, Integers x, Func<Value, Integers?> of) =>
        y.Optional(1) is null && !y.Has("axes") ? new([.. x.Sizes.Where(size => size != 1)], x.Elements)
        : Axes(y, of) is { } axes && axes.Select(a => a < 0 ? a + x.Sizes.Length : a).ToHashSet() is var gone ? new([.. x.Sizes.Where((_, axis) => !gone.Contains(axis))], x.Elements)
        : null;

    private static Integers? Unsqueeze(Integers x, long[] axes)
    {
        var rank = x.Sizes.Length + axes.Length;
        var sizes = new Queue<long>(x.Sizes);
        var added = axes.Select(a => a < 0 ? a + rank : a).ToHashSet();
        return added.Count == axes.Length && added.All(a => a >= 0 && a < rank)
            ? new([.. Enumerable.Range(0, rank).Select(axis => added.Contains(axis) ? 1 : sizes.Dequeue())], x.Elements) : null;
    }

    private static Integers? Range(long start, long limit, long step) => step == 0 ? null
        : Integers.Build([(long)Int128.Clamp(((Int128)limit - start + step - Math.Sign(step)) / step, 0, Integers.Most + 1)], place => start + place[0] * step);

    private static Integers? Elementwise(Node y, Func<Value, Integers?> of, Func<long[], long> op) => Integers.Broadcast([.. y.Inputs.Select(x => of(x!))], op);

    private static Integers? Flatten(Integers x, long axis) => (axis < 0 ? axis + x.Sizes.Length : axis) is var split && split >= 0 && split <= x.Sizes.Length
        ? new([Product(x.Sizes[..(int)split]), Product(x.Sizes[(int)split..])], x.Elements) : null;

    private static long Product(long[] sizes) => sizes.Aggregate(1L, (n, size) => n * size);
}
