namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// dY as the right side of a weight gradient's product: for each panel of two or three vectors of outputs a matrix [window, output], of 128 windows
/// at most. What lies behind the last output holds anything.
/// </summary>
internal sealed unsafe class ConvGradients(ConvGeometry g, int groups, int group, float* dY, int outputs)
{
    /// <summary>Windows that are multiplied at a time: a panel of them stays in a core's first-level cache.</summary>
    internal const int Windows = 128;

    private readonly int _lanes = LanesOf(outputs);

    /// <summary>Gets the lanes of all panels.</summary>
    internal static int LanesOf(int outputs) => (outputs + GemmTile.Vector - 1) / GemmTile.Vector * GemmTile.Vector;

    /// <summary>Gets how many vectors the next panel has: four are two and two, since a single one would wait for its own sums.</summary>
    internal static int Vectors(int lanes) => lanes / GemmTile.Vector is var left && left is 4 or 2 ? 2 : Math.Min(left, 3);

    /// <summary>Takes the next 128 windows of the batch.</summary>
    internal void Gather(long window, float* to)
    {
        var end = Math.Min(window + Windows, (long)g.Batch * g.WindowCount);
        for (var at = 0; window < end;)
        {
            var (image, inImage) = Math.DivRem(window, g.WindowCount);
            var count = (int)Math.Min(end - window, g.WindowCount - inImage);
            Put(image, (int)inImage, count, at, to);
            window += count;
            at += count;
        }
    }

    /// <summary>Takes places of an image whose rows of windows lie further apart than they are long; between them are zeros.</summary>
    /// <param name="image">The image.</param>
    /// <param name="firstRow">The row of windows from which places count.</param>
    /// <param name="width">The places from a row to the next.</param>
    /// <param name="position">The first place.</param>
    /// <param name="count">How many places.</param>
    /// <param name="to">Takes them.</param>
    internal void Gather(int image, int firstRow, int width, int position, int count, float* to)
    {
        for (var at = 0; at < count;)
        {
            var (row, column) = Math.DivRem(position + at, width);
            var windows = Math.Clamp(g.Windows[2] - column, 0, count - at);
            Put(image, ((firstRow + row) * g.Windows[2]) + column, windows, at, to);
            var places = Math.Min(width - column, count - at);
            Clear(at + windows, places - windows, to);
            at += places;
        }
    }

    private void Put(long image, int window, int count, int at, float* to)
    {
        var from = dY + (((image * groups) + group) * outputs * g.WindowCount) + window;
        for (var lane = 0; lane < _lanes;)
        {
            var width = Vectors(_lanes - lane) * GemmTile.Vector;
            Transposition.Run(from + ((long)lane * g.WindowCount), g.WindowCount, Math.Min(width, outputs - lane), count, to + (lane * Windows) + (at * width), width);
            lane += width;
        }
    }

    private void Clear(int at, int count, float* to)
    {
        for (var lane = 0; lane < _lanes;)
        {
            var width = Vectors(_lanes - lane) * GemmTile.Vector;
            new Span<float>(to + (lane * Windows) + (at * width), count * width).Clear();
            lane += width;
        }
    }
}
