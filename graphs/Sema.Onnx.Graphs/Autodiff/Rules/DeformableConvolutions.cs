using System.Runtime.InteropServices;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Convolutions that read each element of a window at a place moved by an offset (Dai et al. 2017), times a mask (Zhu et al. 2019).</summary>
/// <remarks>That is a GridSample at the moved places, x̂ [N G, C/G, K, Q] for G groups of offsets, K elements of Q windows, and a matrix product.</remarks>
internal static class DeformableConvolutions
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // Y = W (m x̂):  dx̂ = m Wᵀ dY,  dm = Σ x̂ Wᵀ dY,  dW = dY (m x̂)ᵀ
        ["DeformConv"] = Of(
        [
            (y, dY) => GridTaps.Of(Sampled(y)).ToImage(Masked(y, Columns(y, dY))).Reshape(y[0].ShapeVector()),
            WeightGrad, OffsetGrad, (_, dY) => dY.Sum([0, 2, 3], keep: false),
            (y, dY) => (Columns(y, dY) * Sampled(y).Output).Sum([1], keep: false).Reshape(y[4].ShapeVector()),
        ]).When(y => y[0].Shape is { Rank: 4 } x && x.Skip(1).All(d => d.IsKnown) && y[1].Shape is { } w && w.Skip(1).All(d => d.IsKnown) && y.Output.Shape is { } made && made.Skip(1).All(d => d.IsKnown)),
    };
#pragma warning restore format

    private static readonly int[] AcrossThenDown = [1, 0];

    private static long[] Kernel(Node y) => y[1].KnownShape.Sizes[2..];

    private static long[] Image(Node y) => y[0].KnownShape.Sizes[2..];

    private static long Elements(Node y) => Kernel(y)[0] * Kernel(y)[1];

    private static long Groups(Node y) => y.Int("offset_group", 1);

    private static long Windows(Node y) => y.Output.KnownShape[2].Size * y.Output.KnownShape[3].Size;

    // x̂: the image at each window element's place.
    private static Node Sampled(Node y)
    {
        var (graph, image, channels) = (y.Graph, Image(y), y[0].KnownShape[1].Size / Groups(y));
        var x = y[0].Reshape(-1, channels, image[0], image[1]);
        x.Shape = Shape.Of(-1, channels, image[0], image[1]);
        var offsets = y[2].Reshape(-1, Elements(y), 2, Windows(y)).Transpose(0, 1, 3, 2).Gather(graph.Vector(1, 0), 3);   // across, then down
        var grid = (offsets + Places(y)) * Normal(y) + Constant(y, [2], [.. image.Reverse().Select(size => 1.0 / size - 1)]);
        return graph.AddNode("GridSample", "", [x, grid], [("mode", "linear"), ("padding_mode", "zeros"), ("align_corners", 0)], 1);
    }

    // From elements to the grid's [-1, 1].
    private static Value Normal(Node y) => Constant(y, [2], [.. Image(y).Reverse().Select(size => 2.0 / size)]);

    // Where the elements lie without offsets, across and down: [K, Q, 2].
    private static Value Places(Node y)
    {
        var (kernel, windows) = (Kernel(y), y.Output.KnownShape.Sizes[2..]);
        long[] strides = y.Ints("strides") ?? [1, 1], dilations = y.Ints("dilations") ?? [1, 1], pads = y.Ints("pads") ?? [0, 0, 0, 0];
        double[] places =
        [
            .. from k in Enumerable.Range(0, (int)Elements(y))
               from q in Enumerable.Range(0, (int)Windows(y))
               from axis in AcrossThenDown
               let element = axis == 1 ? k % kernel[1] : k / kernel[1]
               let window = axis == 1 ? q % windows[1] : q / windows[1]
               select (double)(window * strides[axis] + element * dilations[axis] - pads[axis]),
        ];
        return Constant(y, [Elements(y), Windows(y), 2], places);
    }

    // By group of channels: [N, G, O/G, Q]
    private static Value ByGroup(Node y, Value dY) => dY.Reshape(0, y.Int("group", 1), -1, Windows(y));

    // Wᵀ dY: [N G, C/G, K, Q]
    private static Value Columns(Node y, Value dY) => y[1].Reshape(y.Int("group", 1), -1, y[1].KnownShape[1].Size * Elements(y)).Transpose(3)
        .MatMul(ByGroup(y, dY)).Reshape(-1, y[0].KnownShape[1].Size / Groups(y), Elements(y), Windows(y));

    private static Value Masked(Node y, Value columns) => y.Optional(4) is { } mask ? columns * mask.Reshape(-1, 1, Elements(y), Windows(y)) : columns;

    private static Value WeightGrad(Node y, Value dY)
    {
        var columns = Masked(y, Sampled(y).Output).Reshape(y.Graph.Vector(-1, y.Int("group", 1), y[1].KnownShape[1].Size * Elements(y), Windows(y)));
        return ByGroup(y, dY).MatMul(columns.Transpose(4)).Sum([0], keep: false).Reshape(y[1].ShapeVector());
    }

    private static Value OffsetGrad(Node y, Value dY)
    {
        var grid = GridTaps.Of(Sampled(y)).ToGrid(Masked(y, Columns(y, dY))) * Normal(y);
        return grid.Gather(y.Graph.Vector(1, 0), 3).Transpose(0, 1, 3, 2).Reshape(y[2].ShapeVector());
    }

    private static Value Constant(Node y, long[] dims, double[] elements)
    {
        var constant = y.Graph.AddInitializer(y.Graph.UniqueName("places"), new(ElementType.Float64, dims, MemoryMarshal.AsBytes<double>(elements).ToArray()));
        return y[0].Type == ElementType.Float64 ? constant : constant.Cast(y[0].Type);
    }
}
