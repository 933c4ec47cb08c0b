using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>The windows whose elements are the columns of a Col2Im, by spatial axis.</summary>
/// <param name="Block">The window's size.</param>
/// <param name="Strides">The distance between windows.</param>
/// <param name="Dilations">The distance between a window's elements.</param>
/// <param name="Plane">The padded image's size.</param>
/// <param name="Borders">The padding of [N, C, ..] as Pad takes it.</param>
internal sealed record ColumnForm(long[] Block, long[] Strides, long[] Dilations, long[] Plane, long[] Borders)
{
    /// <summary>Gets how many elements of all windows a channel has.</summary>
    internal long PerChannel => Block.Concat(Windows).Aggregate(1L, (n, size) => n * size);

    private long[] Windows => [.. Plane.Select((size, i) => (size - (Block[i] - 1) * Dilations[i] - 1) / Strides[i] + 1)];

    /// <summary>Reads the form of a node whose image and block are constants.</summary>
    internal static ColumnForm Of(Node y)
    {
        long[] image = y[1].Initializer!.ToInt64(), block = y[2].Initializer!.ToInt64(), ones = [.. image.Select(_ => 1L)];
        var pads = y.Ints("pads") ?? new long[2 * image.Length];
        return new(block, y.Ints("strides") ?? ones, y.Ints("dilations") ?? ones, [.. image.Select((size, i) => size + pads[i] + pads[image.Length + i])],
            [0, 0, .. pads[..image.Length], 0, 0, .. pads[image.Length..]]);
    }

    /// <summary>The place in the padded plane of each element of each window: int64 [k, q].</summary>
    internal Value Places(Graph graph) => ConvolutionFunctions.Places(
        Block.Length, graph.Vector(Block), graph.Vector(Dilations), graph.Vector(Strides), graph.Vector(Plane), graph.Vector(Windows));
}
