using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Operators that move elements without changing them.</summary>
internal static class Movers
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // y = op(x, ...)      ∂L/∂x: the elements move back
        ["Reshape"]   = Of([Back]),
        ["Flatten"]   = Of([Back]),
        ["Squeeze"]   = Of([Back]),
        ["Unsqueeze"] = Of([Back]),
        ["Transpose"] = Of([(y, dY) => dY.Transpose(Inverse(y))]),
        ["Concat"]    = Joint(Concat),
        ["Split"]     = Joint(Split, differentiable: 1),
        ["Slice"]     = Of([Slice]).When(y => y.Optional(3) is null or { Initializer: not null }),
        ["Pad"]       = Of([Pad]).When(y => IsConstant(y) || Bordered(y) is not null),
        ["Tile"]      = Of([Tile]),
        ["CenterCropPad"] = Of([CenterCropPad]),
        ["DepthToSpace"] = Of([(y, dY) => Blocks("SpaceToDepth", y, dY)]),
        ["SpaceToDepth"] = Of([(y, dY) => Blocks("DepthToSpace", y, dY)]),
    };
#pragma warning restore format

    private static Value Back(Node y, Value dY) => dY.Reshape(y[0].ShapeVector());

    private static long[] Inverse(Node y)
    {
        var rank = y[0].Rank;
        var permutation = y.Ints("perm") ?? [.. Enumerable.Range(0, rank).Select(i => (long)(rank - 1 - i))];
        return [.. Enumerable.Range(0, rank).Select(i => (long)Array.IndexOf(permutation, i))];
    }

    private static IReadOnlyList<Value?> Concat(Node y, IReadOnlyList<Value?> dYs)
    {
        var axis = y.Axis("axis", 0, y.Output.Rank);
        long[] known = [.. y.Inputs.Select(x => x!.KnownShape[axis].Size)];
        var sizes = known.Contains(-1)
            ? Operators.Concat([.. y.Inputs.Select(x => x!.DynamicShape().Slice(0, axis, axis + 1))], 0)
            : y.Graph.Vector(known);
        return y.Graph.AddNode("Split", "", [dYs[0], sizes], [("axis", axis)], y.Inputs.Count).Outputs;
    }

    private static IReadOnlyList<Value?> Split(Node y, IReadOnlyList<Value?> dYs)
    {
        var parts = dYs.Select((dY, i) => dY ?? Zeros(y.NeedOutput(i, y[0].Type))).ToList();
        return [Operators.Concat(parts, y.Axis("axis", 0, y[0].Rank))];

        static Value Zeros(Value output) => output.ZerosOf(output.ShapeVector());
    }

    // Contiguous slices are padded back with zeros, others placed axis by axis.
    private static Value Slice(Node y, Value dY)
    {
        int[] axes = [.. (y.Optional(3)?.Initializer!.ToInt64() ?? [.. Enumerable.Range(0, Count(y)).Select(i => (long)i)])
            .Select(axis => (int)(axis < 0 ? axis + y[0].Rank : axis))];
        if (Contiguous(y, axes) is { } pads)
            return y.Graph.Emit("Pad", [dY, y.Graph.Vector(pads)]);
        for (var i = axes.Length - 1; i >= 0; i--)
            dY = Placed(y, dY, i, axes[i]);
        return dY;
    }

    private static int Count(Node y) => y[1].Shape is { IsStatic: true } count ? (int)count.Count
        : throw new InvalidModelException($"Operator 'Slice', node {y.Label}: how many axes it slices must be known.");

    // A map from each input element along an axis to its place in dY, or to a zero behind it.
    private static Value Placed(Node y, Value dY, int i, int axis)
    {
        var graph = y.Graph;
        var size = y[0].KnownShape[axis] is { IsKnown: true } known ? graph.Integer(known.Size) : y[0].DynamicShape().Gather(graph.Integer(axis), 0);
        var taken = Counted(size).Slice(At(1), At(2), graph.Vector(0), y.Optional(4) is null ? null : At(4));
        var count = taken.DynamicShape();
        var map = graph.Emit("ScatterElements", [count.Expand(size.Unsqueeze(0)), taken, Counted(count.Squeeze(0))], ("axis", 0));
        return dY.Padded(y[0].Rank, axis, 0, 1).Gather(map, axis);

        Value Counted(Value end) => graph.Emit("Range", [graph.Integer(0), end, graph.Integer(1)]);

        Value At(int input) => y[input].Initializer is { } constant
            ? graph.Vector(constant.ToInt64()[i])
            : y[input].Slice(graph.Vector(i), graph.Vector(i + 1)).Cast(ElementType.Int64);
    }

    // The zeros before and after, where the sliced sizes and the starts are known and no step skips or turns.
    private static long[]? Contiguous(Node y, int[] axes)
    {
        var (shape, sliced) = (y[0].KnownShape, y.Output.Shape);
        if (sliced is null || axes.Any(axis => !shape[axis].IsKnown || !sliced[axis].IsKnown) || y[1].Initializer?.ToInt64() is not { } starts
            || y.Optional(4) is { Initializer: null } || (y.Optional(4)?.Initializer!.ToInt64().Any(step => step != 1) ?? false))
        {
            return null;
        }

        var pads = new long[2 * shape.Rank];
        foreach (var (axis, start) in axes.Zip(starts))
        {
            var size = shape[axis].Size;
            pads[axis] = Math.Clamp(start < 0 ? start + size : start, 0, size);
            pads[shape.Rank + axis] = size - sliced[axis].Size - pads[axis];
        }

        return pads;
    }

    // Padding by a negative width crops: the gradient of one is the other. Reflected and repeated borders add up instead.
    private static Value Pad(Node y, Value dY)
    {
        var graph = y.Graph;
        return !IsConstant(y) ? Bordered(y)!.Aggregate(dY, (d, matrix) => matrix.Pull(d, y[0].Rank))
            : graph.Emit("Pad", [dY, y[1].Initializer is { } pads ? graph.Vector([.. pads.ToInt64().Select(p => -p)]) : -y[1], null, y.Optional(3)]);
    }

    private static bool IsConstant(Node y) => y.Get<string>("mode") is null or "constant";

    // By padded axis, the element that each place repeats; null where the widths or the sizes are not known.
    private static AxisMatrix[]? Bordered(Node y)
    {
        if (y.Optional(1)?.Initializer?.ToInt64() is not { } pads || y[0].Shape is not { } shape || pads.Length != 2 * shape.Rank
            || Border(y.Get<string>("mode")) is not { } border)
        {
            return null;
        }

        var padded = Enumerable.Range(0, shape.Rank).Select(axis => (Axis: axis, Before: pads[axis], After: pads[shape.Rank + axis])).Where(p => p.Before != 0 || p.After != 0).ToList();
        if (padded.Exists(p => !shape[p.Axis].IsKnown))
            return null;
        AxisMatrix[] matrices = [.. padded.Select(p => Bordered(p.Axis, shape[p.Axis].Size, p.Before, p.After, border))];
        return Array.Exists(matrices, m => m.IsTooLarge) || padded.Exists(p => IsWide(shape[p.Axis].Size, p.Before, p.After)) ? null : matrices;

        // Wider than what it repeats: the runtime's kernel does not go on as NumPy does.
        bool IsWide(long size, long before, long after) => y.Get<string>("mode") != "edge"
            && Math.Max(before, after) >= size + Math.Min(before, 0) + Math.Min(after, 0) + (y.Get<string>("mode") == "wrap" ? 1 : 0);
    }

    // A negative width crops first; the border repeats what is left.
    private static AxisMatrix Bordered(int axis, long size, long before, long after, Func<long, long, long> border)
    {
        var (start, left) = (Math.Max(-before, 0), size + Math.Min(before, 0) + Math.Min(after, 0));
        return new(axis, size + before + after, size, row => [(start + border(row - Math.Max(before, 0), left), 1)]);
    }

    private static Func<long, long, long>? Border(string? mode) => mode switch
    {
        "edge" => (place, size) => Math.Clamp(place, 0, size - 1),
        "wrap" => (place, size) => ((place % size) + size) % size,
        "reflect" => (place, size) => place < 0 ? -place : place < size ? place : 2 * (size - 1) - place,
        _ => null,
    };

    // Cropped about the centre what was padded, and the other way round.
    private static Value CenterCropPad(Node y, Value dY)
    {
        var shape = y[0].ShapeVector();
        return y.Graph.Emit("CenterCropPad", [dY, y.Ints("axes") is { } axes ? shape.Gather(y.Graph.Vector([.. axes.Select(a => a < 0 ? a + y[0].Rank : a)]), 0) : shape], y.Attributes);
    }

    // [d₀, d₁] repeated is [r₀, d₀, r₁, d₁]: the sum over the r.
    private static Value Tile(Node y, Value dY)
    {
        var (graph, rank) = (y.Graph, y[0].Rank);
        var pairs = Operators.Concat([y[1].Unsqueeze(1), y[0].ShapeVector().Unsqueeze(1)], 1).Reshape(-1);
        return dY.Reshape(pairs).Sum(graph.Vector([.. Enumerable.Range(0, rank).Select(i => 2L * i)]), keep: false);
    }

    // SpaceToDepth puts a block's elements before the channels; those of DepthToSpace's mode CRD stand behind them.
    private static Value Blocks(string inverse, Node y, Value dY)
    {
        var block = y.Int("blocksize", 1);
        var dX = y.Graph.Emit(inverse, [dY], ("blocksize", block));
        return y.Get<string>("mode") != "CRD" ? dX
            : dX.Reshape(0, block * block, y[0].KnownShape[1].Size / (block * block), -1).Transpose(0, 2, 1, 3).Reshape(y[0].ShapeVector());
    }
}
