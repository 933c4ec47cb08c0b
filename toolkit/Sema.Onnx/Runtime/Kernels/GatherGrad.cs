using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Adds rows where they were looked up; a thread has columns of its own, so repeated indices add up in their order.</summary>
internal sealed unsafe class GatherGrad(int axis) : Kernel
{
    internal static readonly KernelDefinition Definition = new("GatherGrad",
        [ElementType.Float32, ElementType.Int64, ElementType.Int64], [ElementType.Float32], attributes => new GatherGrad(attributes.Int("axis")));

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), indices = context.Input(1), shape = context.Input(2);
        var sizes = new int[shape.Count];
        for (var i = 0; i < sizes.Length; i++)
            sizes[i] = checked((int)shape.Longs[i]);
        var dX = context.Output(0, sizes);
        long outer = dX.Product(0, axis), rows = sizes[axis], width = dX.Product(axis + 1, sizes.Length), count = indices.Count;
        context.ParallelRange(width, 64, (from, to) =>
        {
            for (var row = 0L; row < outer * rows; row++)
                new Span<float>(dX.Floats + (row * width) + from, (int)(to - from)).Clear();
            for (var i = 0L; i < outer * count; i++)
            {
                var index = indices.Longs[i % count];
                if (index < -rows || index >= rows)
                    throw new InvalidDataException($"Index {index} is outside of an axis of {rows}.");
                var row = ((i / count) * rows) + (index < 0 ? index + rows : index);
                Add(dY.Floats + (i * width), dX.Floats + (row * width), from, to);
            }
        });
    }

    private static void Add(float* dY, float* dX, long from, long to)
    {
        var j = from;
        for (; j <= to - Vector512<float>.Count; j += Vector512<float>.Count)
            (Vector512.Load(dX + j) + Vector512.Load(dY + j)).Store(dX + j);
        for (; j < to; j++)
            dX[j] += dY[j];
    }
}
