using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>dX = dY where Y &gt; 0, and 0 elsewhere: reads two vectors, writes one.</summary>
internal sealed unsafe class ReluGrad : Kernel
{
    internal static readonly KernelDefinition Definition =
        new("ReluGrad", [ElementType.Float32, ElementType.Float32], [ElementType.Float32], _ => new ReluGrad()) { Sizes = ["*", "*"], InPlace = true };

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), y = context.Input(1), dX = context.Output(0, y.Sizes);
        context.ParallelRange(y.Count, 1 << 14, (from, to) => Range(dY.Floats, y.Floats, dX.Floats, from, to));
    }

    private static void Range(float* dY, float* y, float* dX, long from, long to)
    {
        var i = from;
        for (; i <= to - Vector512<float>.Count; i += Vector512<float>.Count)
            (Vector512.Load(dY + i) & Vector512.GreaterThan(Vector512.Load(y + i), Vector512<float>.Zero)).Store(dX + i);
        for (; i < to; i++)
            dX[i] = y[i] > 0 ? dY[i] : 0;
    }
}
