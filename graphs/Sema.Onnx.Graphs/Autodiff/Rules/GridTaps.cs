namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>The elements that each place of a GridSample's grid reads: along each axis 1 (nearest), 2 (linear) or 4 (cubic) of them.</summary>
/// <remarks>
/// Y[n, c, p] = Σₖ wₖ X[n, c, iₖ], where k counts all combinations of the axes' elements and wₖ is the product of their weights. As in
/// ONNX Runtime, the places of the elements are clamped or reflected, not the place between them.
/// </remarks>
internal sealed class GridTaps
{
    private readonly Node _y;
    private readonly Axis[] _axes;

    private GridTaps(Node y, Axis[] axes) => (_y, _axes) = (y, axes);

    private long[] Sizes => _y[0].KnownShape.Sizes[2..];

    private long Channels => _y[0].KnownShape[1].Size;

    // [N, C, elements]
    private Value Planes => _y[0].Reshape(0, Channels, -1);

    // Of each element read its place in the plane: int64 [N, C, P K].
    private Value Places
    {
        get
        {
            var place = _axes.Select((axis, i) => axis.Place * _y.Graph.Integer(Sizes[(i + 1)..].Aggregate(1L, (n, size) => n * size))).Aggregate((a, b) => a + b);
            return place.Reshape(0, 1, -1).Expand(_y.Graph.Vector(1, Channels, 1));
        }
    }

    internal static bool Knows(Node y) => y[0].Shape is { } shape && shape.Skip(1).All(d => d.IsKnown) && Kernel.Of(y, shape.Rank - 2) is not null;

    internal static GridTaps Of(Node y)
    {
        var (kernel, rank) = (Kernel.Of(y, y[0].Rank - 2)!, y[0].Rank - 2);
        return new(y, [.. Enumerable.Range(0, rank).Select(axis => Axis.Of(y, kernel, axis, rank))]);
    }

    /// <summary>dX: what was read from a place is added up there.</summary>
    internal Value ToImage(Value dY)
    {
        var weight = _axes.Select(axis => axis.Weight).Aggregate((a, b) => a * b);
        var shares = ByPlace(dY).Unsqueeze(3) * Combined(weight).Unsqueeze(1);
        return _y.Graph.Emit("ScatterElements", [_y[0].ZerosOf(Planes.DynamicShape()), Places, shares.Reshape(0, Channels, -1)],
            ("axis", 2), ("reduction", "add")).Reshape(_y[0].ShapeVector());
    }

    /// <summary>dgrid: the slope of each axis's weights, times the others' weights; its last axis counts the axes from the last.</summary>
    internal Value ToGrid(Value dY)
    {
        if (_axes[0].Slope is null)
            return _y[1].ZerosOf(_y[1].ShapeVector());
        var read = _y.Graph.Emit("GatherElements", [Planes, Places], ("axis", 2)).Reshape(0, Channels, -1, Count);
        var gains = (read * ByPlace(dY).Unsqueeze(3)).Sum([1], keep: false);
        var slopes = _axes.Select((axis, i) => (Combined(_axes.Select((other, j) => j == i ? axis.Slope! : other.Weight).Aggregate((a, b) => a * b)) * gains)
            .Sum([2], keep: true) * axis.Scale);
        return Operators.Concat([.. slopes.Reverse()], 2).Reshape(_y[1].ShapeVector());
    }

    private long Count => _axes.Aggregate(1L, (n, axis) => n * axis.Count);

    // [N, C, P]
    private Value ByPlace(Value dY) => dY.Reshape(0, Channels, -1);

    // [N, P, K]
    private Value Combined(Value byAxis) => byAxis.Reshape(0, -1, Count);

    /// <summary>One axis: places, weights and their slopes by place of the grid and element read, [N, P, 1, .., taps, .., 1].</summary>
    private sealed record Axis(Value Place, Value Weight, Value? Slope, long Count, double Scale)
    {
        internal static Axis Of(Node y, Kernel kernel, int axis, int rank)
        {
            var (graph, size, aligned) = (y.Graph, y[0].KnownShape[2 + axis].Size, y.Int("align_corners", 0) != 0);
            var scale = (aligned ? size - 1 : size) / 2.0;
            var at = y[1].Reshape(0, -1, rank).Gather(graph.Vector(rank - 1 - axis), 2) * scale + (size - 1) / 2.0;       // [N, P, 1]
            var start = graph.Emit(kernel.IsNearest ? "Round" : "Floor", [at]);
            var offsets = Constant(at, kernel.Offsets);
            var (distance, signs, place) = ((at - start - offsets).Abs(), Constant(at, kernel.Signs), start + offsets);
            var weight = kernel.Coefficients.Select(c => Constant(at, c)).Aggregate((sum, c) => sum * distance + c);
            var slope = kernel.Slopes.Select(c => Constant(at, c)).Aggregate((Value?)null, (sum, c) => sum is null ? c : sum * distance + c);
            long[] others = [.. Enumerable.Range(0, rank).Where(i => i != axis).Select(i => 2L + i)];
            var (inside, mask) = Padded(y.Get<string>("padding_mode") ?? "zeros", place, size, aligned);
            return new(At(inside.Cast(ElementType.Int64)), At(Counted(weight)), slope is null ? null : At(Counted(slope * signs)), kernel.Offsets.Length, scale);

            Value At(Value value) => others.Length == 0 ? value : value.Unsqueeze(others);

            Value Counted(Value value) => mask is null ? value.Expand(place.DynamicShape()) : value.Masked(mask);
        }

        // Where an element outside is read instead, and whether it counts.
        private static (Value Place, Value? Mask) Padded(string mode, Value place, long size, bool aligned)
        {
            Value zero = place.Like(0), last = place.Like(size - 1), inside = place.Max(zero).Min(last);
            var (low, range) = aligned ? (0.0, size - 1.0) : (-0.5, size);
            if (mode != "reflection" || range == 0)
                return (inside, mode == "zeros" ? inside.Equal(place) : null);
            var turn = (place - low) / (2 * range);
            var reflected = (place.Like(range) - ((turn - place.Graph.Emit("Floor", [turn])) * (2 * range) - range).Abs()) + low;
            return (place.Graph.Emit("Round", [reflected]).Max(zero).Min(last), null);
        }

        private static Value Constant(Value like, float[] elements)
        {
            var constant = like.Graph.AddInitializer(like.Graph.UniqueName("taps"), Tensor.Floats([elements.Length], elements));
            return like.Type == ElementType.Float32 ? constant : constant.Cast(like.Type);
        }
    }

    /// <summary>The weights as a polynomial of the distance, from the highest power on: by element read, a coefficient of each power.</summary>
    private sealed record Kernel(float[] Offsets, float[] Signs, params float[][] Coefficients)
    {
        private const float A = -0.75f;

        internal bool IsNearest => Offsets.Length == 1;

        /// <summary>Gets the coefficients of the weights' derivative.</summary>
        internal IEnumerable<float[]> Slopes => Coefficients.SkipLast(1).Select((c, i) => Array.ConvertAll(c, a => a * (Coefficients.Length - 1 - i)));

        // Keys 1981 for the cubic one, which ONNX Runtime has for planes only.
        internal static Kernel? Of(Node y, int rank) => (y.Get<string>("mode") ?? "linear") switch
        {
            "nearest" => new([0], [1], [1]),
            "linear" => new([0, 1], [1, -1], [-1, -1], [1, 1]),
            "cubic" when rank == 2 => new([-1, 0, 1, 2], [1, 1, -1, -1],
                [A, A + 2, A + 2, A], [-5 * A, -A - 3, -A - 3, -5 * A], [8 * A, 0, 0, 8 * A], [-4 * A, 1, 1, -4 * A]),
            _ => null,
        };
    }
}
