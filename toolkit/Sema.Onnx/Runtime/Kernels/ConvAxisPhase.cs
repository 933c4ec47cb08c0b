namespace Sema.Onnx.Runtime.Kernels;

/// <summary>One axis of those elements of a convolution's input that lie a stride apart: they are met by the same taps.</summary>
/// <param name="Windows">How many elements of X it has.</param>
/// <param name="Taps">How many taps meet them.</param>
/// <param name="First">The first of those taps.</param>
/// <param name="Step">The distance between them.</param>
/// <param name="Dilation">The distance between the elements of dY that neighbouring taps bring.</param>
/// <param name="Before">The padding before dY.</param>
internal readonly record struct ConvAxisPhase(int Windows, int Taps, int First, int Step, int Dilation, int Before)
{
    /// <summary>Gets the taps, from the last to the first.</summary>
    internal IEnumerable<int> FromLast
    {
        get
        {
            var (first, step) = (First, Step);
            return Enumerable.Range(0, Taps).Select(i => first + (i * step)).Reverse();
        }
    }

    /// <summary>
    /// Finds the phase of element first + i·stride: it is met by tap t of window q where q·stride − before + t·dilation is its place, which is
    /// q = i + (first + before − t·dilation)/stride.
    /// </summary>
    internal static ConvAxisPhase Of(int size, int first, int kernel, int stride, int dilation, int before)
    {
        var taps = Enumerable.Range(0, kernel).Where(t => (first + before - (t * dilation)) % stride == 0).ToArray();
        var windows = (size - first + stride - 1) / stride;
        if (taps.Length == 0)
            return new(windows, 0, 0, 0, 1, 0);
        var step = taps.Length > 1 ? taps[1] - taps[0] : 1;

        // The last tap meets the first of the windows.
        return new(windows, taps.Length, taps[0], step, taps.Length > 1 ? step * dilation / stride : 1, -(first + before - (taps[^1] * dilation)) / stride);
    }
}
