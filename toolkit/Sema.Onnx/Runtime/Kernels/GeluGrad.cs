using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>dX = dY (Φ(X) + X φ(X)), or the slope of Gelu's form with tanh: reads two vectors, writes one.</summary>
internal sealed unsafe class GeluGrad(bool byTanh) : Kernel
{
    internal static readonly KernelDefinition Definition =
        new("GeluGrad", [ElementType.Float32, ElementType.Float32], [ElementType.Float32], _ => new GeluGrad(byTanh: false)) { Sizes = ["*", "*"], InPlace = true };

    internal static readonly KernelDefinition Tanh =
        new("GeluTanhGrad", [ElementType.Float32, ElementType.Float32], [ElementType.Float32], _ => new GeluGrad(byTanh: true)) { Sizes = ["*", "*"], InPlace = true };

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), x = context.Input(1), dX = context.Output(0, x.Sizes);
        var tanh = byTanh;
        context.ParallelRange(x.Count, 1 << 12, (from, to) =>
        {
            if (tanh)
                ByTanh(dY.Floats, x.Floats, dX.Floats, from, to);
            else
                Exact(dY.Floats, x.Floats, dX.Floats, from, to);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Exact(float* dY, float* x, float* dX, long from, long to)
    {
        var i = from;
        for (; i <= to - 16; i += 16)
            (Vector512.Load(dY + i) * Slope(Vector512.Load(x + i))).Store(dX + i);
        if (i < to)
            Lanes.Store(Lanes.Load(dY + i, to - i) * Slope(Lanes.Load(x + i, to - i)), dX + i, to - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ByTanh(float* dY, float* x, float* dX, long from, long to)
    {
        var i = from;
        for (; i <= to - 16; i += 16)
            (Vector512.Load(dY + i) * TanhSlope(Vector512.Load(x + i))).Store(dX + i);
        if (i < to)
            Lanes.Store(Lanes.Load(dY + i, to - i) * TanhSlope(Lanes.Load(x + i, to - i)), dX + i, to - i);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Slope(Vector512<float> x)
    {
        var half = Vector512.Create(0.5f);
        var cumulative = Vector512.FusedMultiplyAdd(VectorMath.Erf(x * Vector512.Create(0.70710678f)), half, half);
        var density = VectorMath.Exp(x * x * Vector512.Create(-0.5f)) * Vector512.Create(0.39894228f);
        return Vector512.FusedMultiplyAdd(x, density, cumulative);
    }

    // y = x σ(v), v = 2√(2/π)(x + 0.044715 x³):  σ + x σ (1 − σ) v′
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> TanhSlope(Vector512<float> x)
    {
        Vector512<float> one = Vector512<float>.One, scale = Vector512.Create(1.5957691f), square = x * x;
        var v = x * scale * Vector512.FusedMultiplyAdd(square, Vector512.Create(0.044715f), one);
        var sigmoid = one / (one + VectorMath.Exp(-v));
        var slope = scale * Vector512.FusedMultiplyAdd(square, Vector512.Create(3 * 0.044715f), one);
        return Vector512.FusedMultiplyAdd(x * sigmoid * (one - sigmoid), slope, sigmoid);
    }
}
