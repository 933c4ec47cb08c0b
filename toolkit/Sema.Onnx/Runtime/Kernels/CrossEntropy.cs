using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Softmax cross-entropy against class indices and its gradient: a row of logits is read from memory once, and of the gradient written once.</summary>
internal sealed unsafe class CrossEntropy(int ignored, float smoothing) : Kernel
{
    internal static readonly KernelDefinition Definition = new("CrossEntropy", [ElementType.Float32, ElementType.Int64], [ElementType.Float32, ElementType.Float32],
        node => new CrossEntropy(node.Int("ignore_index"), node.Float("label_smoothing")))
    { Sizes = ["N C", "N"] };

    private double[] _losses = [];

    internal override void Compute(KernelContext context)
    {
        KernelTensor logits = context.Input(0), target = context.Input(1), loss = context.Output(0);
        var (rows, classes, ignore, even) = (logits.Sizes[0], logits.Sizes[1], ignored, smoothing);
        if (_losses.Length < rows)
            _losses = new double[rows];
        var losses = _losses;
        context.ParallelRange(rows, Math.Max(1, (1 << 12) / Math.Max(1, classes)), (from, to) =>
        {
            for (var row = from; row < to; row++)
            {
                var (x, label) = ((nint)(logits.Floats + row * classes), target.Longs[row]);
                losses[row] = label == ignore ? 0 : Row((float*)x, classes, label, even);
            }
        });

        double sum = 0;
        long counted = 0;
        for (var row = 0; row < rows; row++)
        {
            sum += losses[row];
            counted += target.Longs[row] == ignore ? 0 : 1;
        }

        loss.Floats[0] = (float)(sum / Math.Max(counted, 1));
        if (context.Output(1) is { Data: not 0 } weight)
            weight.Floats[0] = counted;
    }

    /// <summary>Gets the largest of a row's logits x, and Σ e^(x − largest).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static (float Largest, float Sum) Scale(float* x, long classes)
    {
        var top = Vector512.Create(float.NegativeInfinity);
        long i = 0;
        for (; i <= classes - 16; i += 16)
            top = Vector512.Max(top, Vector512.Load(x + i));
        var rest = classes - i;
        if (rest > 0)
            top = Vector512.Max(top, Vector512.ConditionalSelect(Lanes.Mask(rest), Lanes.Load(x + i, rest), top));
        var largest = VectorMath.Largest(top);
        var (shift, sum) = (Vector512.Create(largest), Vector512<float>.Zero);
        for (i = 0; i <= classes - 16; i += 16)
            sum += VectorMath.Exp(Vector512.Load(x + i) - shift);
        if (rest > 0)
            sum += VectorMath.Exp(Lanes.Load(x + i, rest) - shift) & Lanes.Mask(rest);
        return (largest, Vector512.Sum(sum));
    }

    // −Σ q log softmax(x). A term whose factor is 0 is left out.
    private static double Row(float* x, long classes, long label, float smoothing)
    {
        var (largest, sum) = Scale(x, classes);
        var total = largest + Math.Log(sum);
        var hit = (ulong)label < (ulong)classes ? x[label] - total : 0;
        if (smoothing <= 0)
            return -hit * (1 - smoothing);
        double mean = 0;
        for (long i = 0; i < classes; i++)
            mean += x[i];
        return -((1 - smoothing) * hit + smoothing * (mean / classes - total));
    }
}
