using System.Runtime.InteropServices;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The masks of neighbouring lanes of a vector of 16, made once and kept.</summary>
internal static unsafe class LaneMasks
{
    private const int Lanes = GemmTile.Vector;

    private static readonly float* Table = Make();

    /// <summary>Gets the mask, all bits set, of the lanes from one up to another; both may lie outside the vector.</summary>
    internal static float* Between(int from, int to) => Table + (((Math.Clamp(from, 0, Lanes) * (Lanes + 1)) + Math.Clamp(to, 0, Lanes)) * Lanes);

    private static float* Make()
    {
        var table = (int*)NativeMemory.AlignedAlloc((Lanes + 1) * (Lanes + 1) * Lanes * sizeof(int), Lanes * sizeof(int));
        for (var i = 0; i < (Lanes + 1) * (Lanes + 1) * Lanes; i++)
        {
            var (mask, lane) = Math.DivRem(i, Lanes);
            table[i] = lane >= mask / (Lanes + 1) && lane < mask % (Lanes + 1) ? -1 : 0;
        }

        return (float*)table;
    }
}
