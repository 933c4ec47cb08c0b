namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Where the rows and lines of a product begin that lie at even distances, in scratch memory of the calling thread.</summary>
internal sealed unsafe class TileOffsets
{
    /// <summary>Writes the tables.</summary>
    /// <param name="rowStride">The distance between the rows of a tile.</param>
    /// <param name="depth">How many lines there are at most.</param>
    /// <param name="lineStride">The distance between them.</param>
    internal TileOffsets(int rowStride, int depth, int lineStride)
    {
        Rows = (int*)Scratch.Floats(ScratchUse.Offsets, GemmTile.Rows + depth);
        Lines = Rows + GemmTile.Rows;
        for (var row = 0; row < GemmTile.Rows; row++)
            Rows[row] = row * rowStride;
        for (var line = 0; line < depth; line++)
            Lines[line] = line * lineStride;
    }

    /// <summary>Gets where the 8 rows begin.</summary>
    internal int* Rows { get; }

    /// <summary>Gets where the lines begin.</summary>
    internal int* Lines { get; }
}
