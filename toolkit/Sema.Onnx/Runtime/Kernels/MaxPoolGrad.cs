using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Adds each gradient to the element that was its window's maximum: dY and its places are read once, dX is written plane by plane.</summary>
internal sealed unsafe class MaxPoolGrad : Kernel
{
    internal static readonly KernelDefinition Definition =
        new("MaxPoolGrad", [ElementType.Float32, ElementType.Int64, ElementType.Int64], [ElementType.Float32], _ => new MaxPoolGrad())
        { Sizes = ["*", "*", "R"] };

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), indices = context.Input(1), shape = context.Input(2);
        var sizes = new int[shape.Count];
        for (var axis = 0; axis < sizes.Length; axis++)
            sizes[axis] = checked((int)shape.Longs[axis]);
        var dX = context.Output(0, sizes);
        Require(sizes.Length >= 2 && dY.Sizes.AsSpan(0, Math.Min(2, dY.Sizes.Length)).SequenceEqual(sizes.AsSpan(0, 2)),
            $"MaxPoolGrad: dY has the sizes [{string.Join(", ", dY.Sizes)}], and X has [{string.Join(", ", sizes)}].");
        long planes = dX.Product(0, 2), plane = dX.Product(2, sizes.Length), windows = dY.Product(2, sizes.Length);
        context.ParallelRange(planes, Math.Max(1, (1 << 13) / Math.Max(1, plane)), (from, to) =>
        {
            for (var number = from; number < to; number++)
                Plane(dY.Floats + number * windows, indices.Longs + number * windows, windows, dX.Floats + number * plane, number * plane, plane);
        });
    }

    // The indices count from the tensor's first element; a plane's lie in the plane.
    private static void Plane(float* dY, long* indices, long windows, float* dX, long first, long plane)
    {
        new Span<float>(dX, (int)plane).Clear();
        for (long i = 0; i < windows; i++)
        {
            var at = indices[i] - first;
            if ((ulong)at >= (ulong)plane)
                throw new InvalidOperationException($"MaxPoolGrad: the place {indices[i]} lies outside its plane, {first} to {first + plane - 1}.");
            dX[at] += dY[i];
        }
    }
}
