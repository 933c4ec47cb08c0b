using Sema.Onnx.Graphs.Autodiff.Rules;
using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Replaces the operators that ONNX Runtime's CPU kernels lack in float64 by others that they have.</summary>
/// <remarks>
/// Run it last, on the finished graph: the gradients have been appended by the rules of the operators themselves, and only the
/// kernels that run them, forward and backward, are exchanged for compositions of the same meaning. Calls of functions are inlined first, but
/// for those with inner graphs: a function may hold such an operator, and its kernel in C# knows float32 alone.
/// Slow and hungry: a convolution gathers all its windows. For checks, not for training.
/// </remarks>
internal static class DoubleKernels
{
#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, Func<Node, Value[]>> Lowerings = new()
    {
        // y = op(x)              the same, of operators with a float64 kernel
        ["LeakyRelu"]          = y => [Positive(y).Where(y[0], y[0] * y.Float("alpha", 0.01f))],
        ["PRelu"]              = y => [Positive(y).Where(y[0], y[0] * y[1])],
        ["Relu"]               = y => [y[0].Max(y[0].Like(0))],   // there is a kernel, but ONNX Runtime fails to fuse it with a Clip behind it
        ["Elu"]                = y => [Elu(y[0], y.Float("alpha", 1), 1)],
        ["HardSigmoid"]        = y => [HardSigmoid(y[0], y.Float("alpha", 0.2f), y.Float("beta", 0.5f))],
        ["HardSwish"]          = y => [y[0] * HardSigmoid(y[0], 1.0 / 6, 0.5)],
        ["Sigmoid"]            = y => [((-y[0]).Exp() + 1).Reciprocal()],   // there is a kernel, but it loses the digits of small results
        ["Softplus"]           = y => [Softplus(y[0])],
        ["Softsign"]           = y => [y[0] / (y[0].Abs() + 1)],
        ["Erf"]                = y => [Erf(y[0])],
        ["Tan"]                = y => [y[0].Sin() / y[0].Cos()],
        ["Atan"]               = y => [Atan(y[0])],
        ["Asin"]               = y => [Asin(y[0])],
        ["Acos"]               = y => [Math.PI / 2 - Asin(y[0])],
        ["Sinh"]               = y => [(y[0].Exp() - (-y[0]).Exp()) / 2],
        ["Cosh"]               = y => [(y[0].Exp() + (-y[0]).Exp()) / 2],
        ["Asinh"]              = y => [y[0].Sign() * (y[0].Abs() + (y[0].Square() + 1).Sqrt()).Log()],
        ["Acosh"]              = y => [(y[0] + ((y[0] - 1) * (y[0] + 1)).Sqrt()).Log()],
        ["Atanh"]              = y => [((y[0] + 1) / (1 - y[0])).Log() / 2],
        ["Selu"]               = y => [Elu(y[0], y.Float("alpha", 1.6732632f), 1) * y.Float("gamma", 1.050701f)],
        ["Celu"]               = y => [Elu(y[0], y.Float("alpha", 1), y.Float("alpha", 1))],
        ["ThresholdedRelu"]    = y => [y[0].Masked(y[0].Greater(y[0].Like(y.Float("alpha", 1))))],
        ["Shrink"]             = y => [Shrink(y[0], y.Float("lambd", 0.5f), y.Float("bias", 0))],   // there is a kernel, but it computes in float32
        ["Mish"]               = y => [y[0] * Softplus(y[0]).Tanh()],
        ["ReduceProd"]         = y => [Product(y)],
        ["Gelu"]               = y => [Gelu(y)],
        ["Mean"]               = y => [y.Graph.Emit("Sum", y.Inputs) / y.Inputs.Count],
        ["Sqrt"]               = y => [y[0].Pow(y[0].Like(0.5))],   // there is a kernel, but with means before it, ONNX Runtime fuses it into the next
        ["LayerNormalization"] = LayerNormalization,   // there is a kernel, but it gives the statistics in float32
        ["InstanceNormalization"] = y => [GroupNormalization(y, 0)],
        ["GroupNormalization"] = y => [GroupNormalization(y, y.Int("num_groups", 0))],
        ["LRN"]                = y => [y[0] * Normalizations.LocalScale(y).Pow(y[0].Like(-(double)y.Float("beta", 0.75f)))],
        ["MeanVarianceNormalization"] = y => [MeanVariance(y[0], y.Ints("axes") ?? [0, 2, 3])],
        ["GlobalAveragePool"]  = y => [y[0].Mean(Spatial(y), keep: true)],
        ["GlobalMaxPool"]      = y => [y.Graph.Emit("ReduceMax", [y[0], y.Graph.Vector(Spatial(y))])],
        ["LpPool"]             = y => [LpPool(y)],
        ["GlobalLpPool"]       = y => [GlobalLpPool(y[0], y.Int("p", 2), Spatial(y))],
        ["AveragePool"]        = y => [AveragePool(y)],
        ["Conv"]               = y => [Conv(y)],
        ["ConvTranspose"]      = y => [ConvTranspose(y)],
        ["Resize"]             = y => [Resize(y)],
        ["RNN"]                = DoubleRecurrence.Rnn,
        ["GRU"]                = DoubleRecurrence.Gru,
        ["LSTM"] = y => DoubleRecurrence.Lstm(y),
        ["OneHot"]             = y => [OneHot(y)],
        ["MaxUnpool"]          = y => [MaxUnpool(y)],
        ["Col2Im"]             = y => [Col2Im(y)],
        ["DynamicQuantizeLinear"] = y => DynamicQuantizeLinear(y[0]),
    };
#pragma warning restore format

    // With longer sides in all, a window is gathered: a slice is a node of the graph.
    private const int MostSlices = 32;

    /// <summary>Gets every operator that is replaced, sorted by name.</summary>
    internal static IEnumerable<string> Operators => Lowerings.Keys.Order(StringComparer.Ordinal);

    /// <summary>Runs the pass, on bodies too; the shapes of what the model's own nodes make must be known.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var functions = SemaFunctions.All.Where(f => !f.Body.Bodies.Any()).ToDictionary(f => f.Name);
        foreach (var call in graph.Nodes.Where(n => n.Domain == Model.SemaDomain && functions.ContainsKey(n.OpType)).ToList())
            call.Inline(functions[call.OpType]);

        var nodes = graph.Nodes.Where(IsReplaced).ToList();
        foreach (var node in nodes)
            graph.ReplaceNode(node, () => Lowerings[node.QualifiedType](node));
        return graph.Bodies.ToList().FindAll(Run).Count + nodes.Count > 0;
    }

    // A product of sizes has its kernel.
    private static bool IsReplaced(Node node) => Lowerings.ContainsKey(node.QualifiedType) && node.Outputs.Find(o => o is not null)?.Type != ElementType.Int64;

    private static Value[] DynamicQuantizeLinear(Value x)
    {
        var (zero, most) = (x.Like(0), x.Like(255));
        var low = x.Graph.Emit("ReduceMin", [x], ("keepdims", 0)).Min(zero);
        var range = (x.Graph.Emit("ReduceMax", [x], ("keepdims", 0)).Max(zero) - low) / 255;
        var scale = range.Equal(zero).Where(x.Like(1), range);
        var origin = x.Graph.Emit("Round", [-low / scale]).Max(zero).Min(most);
        var y = (x.Graph.Emit("Round", [x / scale]) + origin).Max(zero).Min(most);
        return [y.Cast(ElementType.UInt8), scale, origin.Cast(ElementType.UInt8)];
    }

    private static Value Positive(Node y) => y[0].Greater(y[0].Like(0));

    private static long[] Spatial(Node y) => [.. Enumerable.Range(2, y[0].Rank - 2).Select(i => (long)i)];

    private static Value HardSigmoid(Value x, double alpha, double beta) => (x * alpha + beta).Max(x.Like(0)).Min(x.Like(1));

    private static Value Elu(Value x, double alpha, double width) =>
        x.Greater(x.Like(0)).Where(x, ((x.Min(x.Like(0)) / width).Exp() - 1) * alpha);

    private static Value Shrink(Value x, double lambda, double bias) => (x - x.Sign() * bias).Masked(x.Abs().Greater(x.Like(lambda)));

    private static Value Softplus(Value x) => x.Max(x.Like(0)) + ((-x.Abs()).Exp() + 1).Log();

    // atan x = 2 atan(x/(1 + √(1 + x²))), four times: |x| < 0.1, where x − x³/3 + ... − x¹⁹/19 is exact to the last digits.
    private static Value Atan(Value x)
    {
        var small = x.Max(x.Like(-1e100)).Min(x.Like(1e100));
        for (var i = 0; i < 4; i++)
            small /= (small.Square() + 1).Sqrt() + 1;
        var square = -small.Square();
        return Enumerable.Range(0, 9).Aggregate(x.Like(1.0 / 19), (sum, n) => sum * square + 1.0 / (17 - 2 * n)) * small * 16;
    }

    private static Value Asin(Value x) => Atan(x / ((1 - x) * (x + 1)).Sqrt());

    // e^(Σ ln|x|), with the sign of (−1)^(how many are negative).
    private static Value Product(Node y)
    {
        var (x, negative) = (y[0], y[0].Less(y[0].Like(0)).Cast(y[0].Type));
        return Sum(x.Abs().Log()).Exp() * (1 - y.Graph.Emit("Mod", [Sum(negative), x.Like(2)], ("fmod", 1)) * 2);

        Value Sum(Value value) => y.Graph.Emit("ReduceSum", [value, y.Optional(1)], y.Attributes);
    }

    // Groups of channels, or 0 where each channel is its own.
    private static Value GroupNormalization(Node y, long groups)
    {
        var grouped = y[0].Reshape(0, groups, -1);
        var centred = grouped - grouped.Mean([2], keep: true);
        var normal = centred / (centred.Square().Mean([2], keep: true) + y.Float("epsilon", 1e-5f)).Sqrt();
        return normal.Reshape(y[0].DynamicShape()) * ByChannel(y[1]) + ByChannel(y[2]);

        Value ByChannel(Value vector) => vector.Reshape([-1, .. Enumerable.Repeat(1L, y[0].Rank - 2)]);
    }

    private static Value MeanVariance(Value x, long[] axes)
    {
        var centred = x - x.Mean(axes, keep: true);
        return centred / (centred.Square().Mean(axes, keep: true).Sqrt() + 1e-9);
    }

    // erf x = (2/π) (h x + Σₙ e^(−n²h²) sin(2nhx)/n), n = 1, 2, ...: Poisson's sum over the period π/h of the right-hand side.
    // With h = π/12 and 24 terms both what is cut off and the neighbouring periods stay below 1e-16 up to |x| = 6, where erf is 1.
    // The sum is Clenshaw's: bₙ = cₙ + 2 cos(2hx) bₙ₊₁ − bₙ₊₂, Σ cₙ sin(2nhx) = b₁ sin(2hx).
    private static Value Erf(Value x)
    {
        const double h = Math.PI / 12;
        var inside = x.Max(x.Like(-6)).Min(x.Like(6));
        var angle = inside * (2 * h);
        var (twice, next, sum) = (angle.Cos() * 2, x.Like(0), x.Like(Coefficient(24)));
        for (var n = 23; n > 0; n--)
            (next, sum) = (sum, twice * sum - (next - Coefficient(n)));
        return (inside * h + sum * angle.Sin()) * (2 / Math.PI);

        static double Coefficient(int n) => Math.Exp(-n * n * h * h) / n;
    }

    private static Value Gelu(Node y)
    {
        var x = y[0];
        return y.Get<string>("approximate") == "tanh"
            ? x * 0.5 * ((x * Math.Sqrt(2 / Math.PI) * (x.Square() * 0.044715 + 1)).Tanh() + 1)
            : x * 0.5 * (Erf(x * Math.Sqrt(0.5)) + 1);
    }

    private static Value[] LayerNormalization(Node y)
    {
        var axis = y.Axis("axis", -1, y[0].Rank);
        long[] axes = [.. Enumerable.Range(axis, y[0].Rank - axis).Select(i => (long)i)];
        var mean = y[0].Mean(axes, keep: true);
        var centred = y[0] - mean;
        var inverse = (centred.Square().Mean(axes, keep: true) + y.Float("epsilon", 1e-5f)).Sqrt().Reciprocal();
        var scaled = centred * inverse * y[1];
        return [y.Optional(2) is { } bias ? scaled + bias : scaled, mean, inverse];
    }

    private static Value LpPool(Node y)
    {
        var (window, spatial, p) = (Window.Of(y), y[0].Rank - 2, (double)y.Int("p", 2));
        long[] ends = [.. window.Excess.Select((excess, i) => excess + window.Pads[spatial + i])];
        long[] borders = [0, 0, .. window.Pads[..spatial], 0, 0, .. ends];
        var powers = y.Graph.Emit("Pad", [y[0].Abs().Pow(y[0].Like(p)), y.Graph.Vector(borders)]);
        return Columns(powers, y.Graph.Vector(window.Kernel), window.Strides, window.Dilations, out _)
            .Sum([2], keep: false).Pow(y[0].Like(1 / p)).Reshape([0, 0, .. window.Output]);
    }

    private static Value GlobalLpPool(Value x, double p, long[] axes) => x.Abs().Pow(x.Like(p)).Sum(axes, keep: true).Pow(x.Like(1 / p));

    // The sum over each window, divided by how many of its elements count.
    private static Value AveragePool(Node y)
    {
        var (window, graph) = (Window.Of(y), y.Graph);
        var spatial = window.Kernel.Length;
        long[] borders = [0, 0, .. window.Pads[..spatial], 0, 0, .. window.Pads[spatial..]];
        long[] excess = [.. new long[4 + spatial], .. window.Excess];
        var (ones, border) = (y[0].Like(1).Expand(graph.Vector([1, 1, .. window.Input])), y[0].Like(y.Int("count_include_pad", 0) != 0 ? 1 : 0));
        var counts = Sums(graph.Emit("Pad", [ones, graph.Vector(borders), border]));
        return (Sums(graph.Emit("Pad", [y[0], graph.Vector(borders)])) / counts).Reshape([0, 0, .. window.Output]);

        Value Sums(Value padded) => Columns(graph.Emit("Pad", [padded, graph.Vector(excess)]),
            graph.Vector(window.Kernel), window.Strides, window.Dilations, out _).Sum([2], keep: false);
    }

    private static Value Conv(Node y)
    {
        var (x, w) = (y[0], y[1]);
        var (strides, dilations, pads) = Attributes(y);
        var matrix = w.Reshape(0, -1).Unsqueeze(0).Reshape(y.Int("group", 1), -1, 0);
        long[] borders = [0, 0, .. pads[..strides.Length], 0, 0, .. pads[strides.Length..]];
        var padded = Array.TrueForAll(pads, p => p == 0) ? x : x.Graph.Emit("Pad", [x, x.Graph.Vector(borders)]);
        var kernel = SpatialSizes(w, strides.Length);
        var columns = Known(w) is { } sizes && Known(x) is { } plane && sizes.Sum() <= MostSlices
            ? Slices(padded, [.. plane.Select((size, i) => size + pads[i] + pads[strides.Length + i])], sizes, strides, dilations)
            : Columns(padded, kernel, strides, dilations, out _);
        return Correlate(padded, columns, matrix, kernel, strides, dilations, y.Optional(2));

        long[]? Known(Value value) => value.Shape is { } shape && shape.Skip(2).All(d => d.IsKnown) ? shape.Sizes[2..] : null;
    }

    private static Value Resize(Node y) => Resampling.Resized(y) is { } matrices
        ? matrices.Aggregate(y[0].Identity(), (x, matrix) => matrix.Apply(x, y[0].Rank))
        : throw new InvalidModelException($"Operator 'Resize', node {y.Label}: float64 takes known sizes only, no antialias or tf_crop_and_resize.");

    private static Value OneHot(Node y) => y.Graph.Emit("OneHot", [y[0], y[1], y.Graph.Vector(0, 1)], y.Attributes).As(ElementType.Int64)
        .Equal(y.Graph.Integer(1)).Where(y[2].Gather(y.Graph.Integer(1), 0), y[2].Gather(y.Graph.Integer(0), 0));

    private static Value MaxUnpool(Node y) => y.Graph.Emit("ScatterElements",
        [y[0].ZerosOf(y.Graph.Vector(y.Output.KnownShape.Count)), y[1].Reshape(-1), y[0].Reshape(-1)], ("axis", 0)).Reshape(y.Graph.Vector(y.Output.KnownShape.Sizes));

    // Every column's elements added up at their places in the padded image, whose border is cut off.
    private static Value Col2Im(Node y)
    {
        var (graph, form) = (y.Graph, ColumnForm.Of(y));
        var columns = y[0].Reshape(0, -1, form.PerChannel);
        var zeros = columns.Slice(2, 0, 1) * 0;
        var padded = graph.Emit("ScatterElements", [zeros.Expand(graph.Vector(1, 1, form.Plane.Aggregate(1L, (n, size) => n * size))),
            form.Places(graph).Reshape(1, 1, -1).Expand(columns.DynamicShape()), columns], ("axis", 2), ("reduction", "add"));
        return graph.Emit("Pad", [padded.Reshape([0, 0, .. form.Plane]), graph.Vector([.. form.Borders.Select(p => -p)])]);
    }

    // The correlation of x, spread out by its strides, with the mirrored window, channels in and out exchanged.
    private static Value ConvTranspose(Node y)
    {
        var (x, w, graph) = (y[0], y[1], y.Graph);
        var (strides, dilations, pads) = Attributes(y);
        var (group, spatial) = (y.Int("group", 1), strides.Length);
        if (y.Has("output_shape") || y.Get<string>("auto_pad") is not (null or "NOTSET" or "VALID"))
            throw new InvalidModelException($"Operator 'ConvTranspose', node {y.Label}: float64 takes explicit pads only, no output_shape or auto_pad.");

        var kernel = SpatialSizes(w, spatial);
        var gap = strides.Select(s => s - 1).ToArray();
        var spread = x.Unsqueeze([.. gap.Select((_, i) => 3L + 2 * i)]);
        spread = graph.Emit("Pad", [spread, graph.Vector([.. new long[4 + 2 * spatial], .. gap.SelectMany(g => new[] { 0, g })])])
            .Reshape(Graphs.Operators.Concat([x.DynamicShape().Slice(0, 0, 2), SpatialSizes(x, spatial) * graph.Vector(strides)], 0));
        var reach = (kernel - graph.Vector(1)) * graph.Vector(dilations);
        var end = graph.Vector([.. (y.Ints("output_padding") ?? new long[spatial]).Select((o, i) => o - pads[spatial + i] - gap[i])]);
        var borders = Graphs.Operators.Concat([graph.Vector(0, 0), reach - graph.Vector(pads[..spatial]), graph.Vector(0, 0), reach + end], 0);
        var mirrored = w.Reshape(0, 0, -1).Slice(2, -1, long.MinValue, -1)                                  // [C, O/G, k]
            .Unsqueeze(0).Reshape(group, -1, 0, 0).Transpose(0, 2, 1, 3).Reshape(0, 0, -1);                 // [G, O/G, C/G·k]
        var (padded, ones) = (graph.Emit("Pad", [spread, borders]), gap.Select(_ => 1L).ToArray());
        return Correlate(padded, Columns(padded, kernel, ones, dilations, out _), mirrored, kernel, ones, dilations, y.Optional(2));
    }

    // Y[n, o, q] = Σ c,k W[o, c, k] X[n, c, q·stride + k·dilation], by group: [G, O/G, C/G·k] · [N, G, C/G·k, q]
    private static Value Correlate(Value padded, Value columns, Value matrix, Value kernel, long[] strides, long[] dilations, Value? bias)
    {
        var (graph, windows) = (padded.Graph, Windows(padded, kernel, strides, dilations));
        Value batch = padded.DynamicShape().Slice(0, 0, 1), group = matrix.DynamicShape().Slice(0, 0, 1), rows = matrix.DynamicShape().Slice(0, 2, 3);
        var byGroup = columns.Reshape(Graphs.Operators.Concat([batch, group, rows, graph.Vector(-1)], 0));
        var y = matrix.MatMul(byGroup).Reshape(Graphs.Operators.Concat([batch, graph.Vector(-1), windows], 0));
        return bias is null ? y : y + bias.Reshape([1, -1, .. strides.Select(_ => 1L)]);
    }

    // The elements that each window reads: [N, C, k, q].
    private static Value Columns(Value padded, Value kernel, long[] strides, long[] dilations, out Value windows)
    {
        var graph = padded.Graph;
        windows = Windows(padded, kernel, strides, dilations);
        return padded.Reshape(0, 0, -1).Gather(ConvolutionFunctions.Places(
            strides.Length, kernel, graph.Vector(dilations), graph.Vector(strides), SpatialSizes(padded, strides.Length), windows), 2);
    }

    // The same elements where all sizes are known: strided slices, which copy runs of memory where Gather looks up each element. Axis by
    // axis, the last first: 7 x 7 windows take 14 slices rather than 49. A window of one element that does not stride is the plane.
    private static Value Slices(Value padded, long[] plane, long[] kernel, long[] strides, long[] dilations)
    {
        var columns = padded.Unsqueeze(2);
        for (var i = kernel.Length - 1; i >= 0; i--)
        {
            var (from, axis, span) = (columns, i + 3, plane[i] - (kernel[i] - 1) * dilations[i]);
            if (kernel[i] > 1 || strides[i] > 1)
                columns = Graphs.Operators.Concat([.. Enumerable.Range(0, (int)kernel[i]).Select(k => from.Slice(axis, k * dilations[i], k * dilations[i] + span, strides[i]))], 2);
        }

        return columns;
    }

    private static Value Windows(Value padded, Value kernel, long[] strides, long[] dilations)
    {
        var graph = padded.Graph;
        return (SpatialSizes(padded, strides.Length) - (kernel - graph.Vector(1)) * graph.Vector(dilations) - graph.Vector(1)) / graph.Vector(strides) + graph.Vector(1);
    }

    private static Value SpatialSizes(Value x, int spatial) => x.DynamicShape().Slice(0, 2, 2 + spatial);

    private static (long[] Strides, long[] Dilations, long[] Pads) Attributes(Node y)
    {
        var spatial = (y.Ints("strides") ?? y.Ints("kernel_shape") ?? y.Ints("dilations"))?.Length ?? y[1].Rank - 2;
        long[] ones = [.. Enumerable.Repeat(1L, spatial)];
        return (y.Ints("strides") ?? ones, y.Ints("dilations") ?? ones, y.Ints("pads") ?? new long[2 * spatial]);
    }
}
