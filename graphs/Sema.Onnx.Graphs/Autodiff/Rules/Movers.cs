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
        ["Slice"]     = Of([Slice]),
        ["Pad"]       = Of([Pad]),
        ["Tile"]      = Of([Tile]),
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
        var sizes = Operators.Concat([.. y.Inputs.Select(x => SizeOf(x!, axis))], 0);
        return y.Graph.AddNode("Split", "", [dYs[0], Folded(sizes, y, axis)], [("axis", axis)], y.Inputs.Count).Outputs;
    }

    private static Value SizeOf(Value x, int axis) => x.KnownShape[axis] is { IsKnown: true } size
        ? x.Graph.Vector(size.Size)
        : x.DynamicShape().Gather(x.Graph.Vector(axis), 0);

    private static Value Folded(Value sizes, Node y, int axis) => y.Inputs.All(x => x!.KnownShape[axis].IsKnown)
        ? y.Graph.Vector([.. y.Inputs.Select(x => x!.KnownShape[axis].Size)])
        : sizes;

    private static IReadOnlyList<Value?> Split(Node y, IReadOnlyList<Value?> dYs)
    {
        var parts = y.Outputs.Select((output, i) => dYs[i] ?? output!.ZerosOf(output!.ShapeVector())).ToArray();
        return [Operators.Concat(parts, y.Axis("axis", 0, y[0].Rank))];
    }

    // Contiguous slices are padded back with zeros. Others: a map from each input element to its place in dY, or to a slab of
    // zeros behind it; axis by axis, from the last to the first.
    private static Value Slice(Node y, Value dY)
    {
        var axes = y.Optional(3)?.Initializer?.ToInt64()
            ?? [.. Enumerable.Range(0, (int)y[1].KnownShape.Count).Select(i => (long)i)];
        var (graph, rank, shape) = (y.Graph, y[0].Rank, y[0].KnownShape);
        if (Contiguous(y, axes) is { } pads)
            return graph.Emit("Pad", [dY, graph.Vector(pads)]);

        for (var i = axes.Length - 1; i >= 0; i--)
        {
            var axis = axes[i] < 0 ? axes[i] + rank : axes[i];
            var size = shape[(int)axis].IsKnown ? graph.Integer(shape[(int)axis].Size) : y[0].DynamicShape().Gather(graph.Integer(axis), 0);
            var all = graph.Emit("Range", [graph.Integer(0), size, graph.Integer(1)]);
            var taken = all.Slice(At(1), At(2), graph.Vector(0), y.Optional(4) is null ? null : At(4));
            var count = taken.DynamicShape();
            var places = graph.Emit("Range", [graph.Integer(0), count.Squeeze(0), graph.Integer(1)]);
            var map = graph.Emit("ScatterElements", [count.Expand(size.Unsqueeze(0)), taken, places], ("axis", 0));
            var slab = dY.Slice(graph.Vector(0), graph.Vector(1), graph.Vector(axis));
            dY = Operators.Concat([dY, slab.ZerosOf(slab.DynamicShape())], axis).Gather(map, axis);

            Value At(int input) => y[input].Initializer is { } constant
                ? graph.Vector(constant.ToInt64()[i])
                : y[input].Slice(graph.Vector(i), graph.Vector(i + 1)).Cast(ElementType.Int64);
        }

        return dY;
    }

    // The zeros before and after, where everything is known and no step skips or turns.
    private static long[]? Contiguous(Node y, long[] axes)
    {
        var shape = y[0].KnownShape;
        if (!shape.IsStatic || y.Output.Shape is not { IsStatic: true } sliced || y[1].Initializer is not { } starts
            || y.Optional(4) is { Initializer: null } || (y.Optional(4)?.Initializer!.ToInt64().Any(step => step != 1) ?? false))
        {
            return null;
        }

        var pads = new long[2 * shape.Rank];
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = (int)(axes[i] < 0 ? axes[i] + shape.Rank : axes[i]);
            var (start, size) = (starts.ToInt64()[i], shape[axis].Size);
            pads[axis] = Math.Clamp(start < 0 ? start + size : start, 0, size);
            pads[shape.Rank + axis] = size - sliced[axis].Size - pads[axis];
        }

        return pads;
    }

    // Padding by a negative width crops: the gradient of one is the other. Reflected and repeated borders add up instead.
    private static Value Pad(Node y, Value dY)
    {
        if (y.Get<string>("mode") is not (null or "constant"))
            throw new GradientNotDefinedException(y, []);
        var graph = y.Graph;
        return graph.Emit("Pad", [dY, y[1].Initializer is { } pads ? graph.Vector([.. pads.ToInt64().Select(p => -p)]) : -y[1], null, y.Optional(3)]);
    }

    // [d₀, d₁] repeated is [r₀, d₀, r₁, d₁]: the sum over the r.
    private static Value Tile(Node y, Value dY)
    {
        var (graph, rank) = (y.Graph, y[0].Rank);
        var pairs = Operators.Concat([y[1].Unsqueeze(1), y[0].ShapeVector().Unsqueeze(1)], 1).Reshape(-1);
        return dY.Reshape(pairs).Sum(graph.Vector([.. Enumerable.Range(0, rank).Select(i => 2L * i)]), keep: false);
    }

    // The column-row-depth order of DepthToSpace (mode CRD) has no operator that turns it back: a reshape and a transpose do.
    private static Value Blocks(string inverse, Node y, Value dY)
    {
        var block = y.Int("blocksize", 1);
        if (y.Get<string>("mode") != "CRD")
            return y.Graph.Emit(inverse, [dY], ("blocksize", block));
        var s = y[0].KnownShape;
        return dY.Reshape(0, s[1].Size / (block * block), s[2].Size, block, s[3].Size, block).Transpose(0, 1, 3, 5, 2, 4).Reshape(y[0].ShapeVector());
    }
}
