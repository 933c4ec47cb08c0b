using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Elementwise;

/// <summary>The sign of each element: 1, -1, or the element itself where it is neither above nor below 0.</summary>
internal static class VectorSign
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<float> Of(Vector512<float> x) => Vector512.ConditionalSelect(
        Vector512.GreaterThan(x, default), Vector512<float>.One, Vector512.ConditionalSelect(Vector512.LessThan(x, default), -Vector512<float>.One, x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<float> Of(Vector256<float> x) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(x, default), Vector256<float>.One, Vector256.ConditionalSelect(Vector256.LessThan(x, default), -Vector256<float>.One, x));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<float> Of(Vector128<float> x) => Vector128.ConditionalSelect(
        Vector128.GreaterThan(x, default), Vector128<float>.One, Vector128.ConditionalSelect(Vector128.LessThan(x, default), -Vector128<float>.One, x));
}
