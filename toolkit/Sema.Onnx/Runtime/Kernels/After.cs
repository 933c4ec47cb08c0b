using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Y = X, once dY is there: a view of X, since ONNX Runtime gives both one buffer.</summary>
internal sealed unsafe class After : Kernel
{
    internal static readonly KernelDefinition Definition = new("After", [ElementType.Float32, ElementType.Float32], [ElementType.Float32], _ => new After())
    { IsView = true };

    internal override void Compute(KernelContext context)
    {
        KernelTensor x = context.Input(0), y = context.Output(0, x.Sizes);
        if (y.Data != x.Data)
            Buffer.MemoryCopy(x.Floats, y.Floats, y.Count * sizeof(float), x.Count * sizeof(float));
    }
}
