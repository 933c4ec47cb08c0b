namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Lays the weights of a convolution out for its input's gradient: outputs and channels exchanged, taps chosen.</summary>
internal static unsafe class TurnedWeights
{
    // So many outputs at a time: the lines of memory that hold a channel of them stay in the first-level cache until the next channel is read.
    private const int Block = 32;

    /// <summary>W[g·O + o, c, tap] as W'[g·C + c, o, i], with tap the i-th that is kept; in scratch memory of the calling thread.</summary>
    /// <param name="context">The run.</param>
    /// <param name="w">The weights.</param>
    /// <param name="groups">How many groups there are.</param>
    /// <param name="kept">The taps, in their new order.</param>
    internal static float* Make(KernelContext context, KernelTensor w, int groups, int[] kept)
    {
        var (taps, outputs, channels) = (w.Product(2, w.Sizes.Length), w.Sizes[0] / groups, w.Sizes[1]);
        float* from = w.Floats, to = Scratch.Floats(ScratchUse.Weights, w.Count / taps * kept.Length);
        var (fromRow, toRow) = ((nint)(channels * taps), (nint)outputs * kept.Length);
        context.Parallel(groups * ((outputs + Block - 1) / Block), piece =>
        {
            var (group, block) = Math.DivRem(piece, (outputs + Block - 1) / Block);
            var first = block * Block;
            var source = from + ((((long)group * outputs) + first) * fromRow);
            Turn(source, fromRow, Math.Min(Block, outputs - first), channels, (int)taps, kept, to + ((long)group * channels * toRow) + (first * kept.Length), toRow);
        });
        return to;
    }

    private static void Turn(float* from, nint fromRow, int outputs, int channels, int taps, int[] kept, float* to, nint toRow)
    {
        if (taps == 1)
        {
            Transposition.Run(from, fromRow, outputs, channels, to, toRow);
            return;
        }

        for (var c = 0; c < channels; c++, from += taps, to += toRow)
        {
            for (var o = 0; o < outputs; o++)
                Pick(from + (o * fromRow), kept, to + (o * kept.Length));
        }
    }

    private static void Pick(float* from, ReadOnlySpan<int> kept, float* to)
    {
        for (var i = 0; i < kept.Length; i++)
            to[i] = from[kept[i]];
    }
}
