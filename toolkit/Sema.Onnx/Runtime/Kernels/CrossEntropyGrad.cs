using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>dlogits = dloss (softmax(logits) − q)/weight on the rows that count: a row is read from memory once, and written once.</summary>
internal sealed unsafe class CrossEntropyGrad(int ignored, float smoothing) : Kernel
{
    internal static readonly KernelDefinition Definition = new(
        "CrossEntropyGrad", [ElementType.Float32, ElementType.Float32, ElementType.Int64, ElementType.Float32], [ElementType.Float32],
        node => new CrossEntropyGrad(node.Int("ignore_index"), node.Float("label_smoothing")))
    { Sizes = ["1", "N C", "N", "1"] };

    internal override void Compute(KernelContext context)
    {
        KernelTensor dLoss = context.Input(0), logits = context.Input(1), target = context.Input(2), weight = context.Input(3);
        var dLogits = context.Output(0, logits.Sizes);
        var (rows, classes, ignore, even) = (logits.Sizes[0], logits.Sizes[1], ignored, smoothing);
        var share = dLoss.Floats[0] / Math.Max(weight.Floats[0], 1);
        context.ParallelRange(rows, Math.Max(1, (1 << 12) / Math.Max(1, classes)), (from, to) =>
        {
            for (var row = from; row < to; row++)
            {
                var label = target.Longs[row];
                Row(logits.Floats + row * classes, dLogits.Floats + row * classes, classes, label == ignore ? 0 : share, even / classes);
                if (label != ignore && (ulong)label < (ulong)classes)
                    dLogits.Floats[row * classes + label] -= share * (1 - even);
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(float* x, float* dX, long classes, float share, float even)
    {
        var (largest, sum) = CrossEntropy.Scale(x, classes);
        Vector512<float> shift = Vector512.Create(largest), factor = Vector512.Create(share / sum), less = Vector512.Create(-share * even);
        long i = 0;
        for (; i <= classes - 16; i += 16)
            Vector512.FusedMultiplyAdd(VectorMath.Exp(Vector512.Load(x + i) - shift), factor, less).Store(dX + i);
        if (i < classes)
            Lanes.Store(Vector512.FusedMultiplyAdd(VectorMath.Exp(Lanes.Load(x + i, classes - i) - shift), factor, less), dX + i, classes - i);
    }
}
