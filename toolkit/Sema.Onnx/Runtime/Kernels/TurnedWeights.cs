namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Lays the weights of a convolution out for its input's gradient: outputs and channels exchanged, taps chosen.</summary>
internal static unsafe class TurnedWeights
{
    /// <summary>W[g·O + o, c, tap] as W'[g·C + c, o, i], with tap the i-th that is kept; in scratch memory of the calling thread.</summary>
    /// <param name="context">The run.</param>
    /// <param name="w">The weights.</param>
    /// <param name="groups">How many groups there are.</param>
    /// <param name="kept">The taps, in their new order.</param>
    internal static float* Make(KernelContext context, KernelTensor w, int groups, int[] kept)
    {
        var (taps, outputs, channels) = (w.Product(2, w.Sizes.Length), w.Sizes[0] / groups, w.Sizes[1]);
        float* from = w.Floats, to = Scratch.Floats(ScratchUse.Weights, w.Count / taps * kept.Length);
        context.ParallelRange((long)groups * channels, Math.Max(1, (1 << 14) / ((long)outputs * kept.Length)), (first, last) =>
        {
            for (var row = first; row < last; row++)
            {
                var (group, c) = Math.DivRem(row, channels);
                Row(from + (((group * outputs * channels) + c) * taps), (nint)(channels * taps), outputs, kept, to + (row * outputs * kept.Length));
            }
        });
        return to;
    }

    private static void Row(float* from, nint stride, int outputs, ReadOnlySpan<int> kept, float* to)
    {
        for (var o = 0; o < outputs; o++, from += stride)
        {
            foreach (var tap in kept)
                *to++ = from[tap];
        }
    }
}
