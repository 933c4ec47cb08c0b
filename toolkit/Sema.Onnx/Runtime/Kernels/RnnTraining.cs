using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>All steps of an RNN: h = tanh(A + b + h₋₁ Rᵀ).</summary>
internal sealed unsafe class RnnTraining : RecurrenceForward
{
    internal static readonly KernelDefinition Definition = Define("RNNTraining", ["D T B H", "D H", "D B H", "D H H"], 2, () => new RnnTraining());

    private float* _a, _bias, _h;

    internal override void Compute(KernelContext context)
    {
        KernelTensor a = context.Input(0), r = context.Input(3);
        Size(a, r);
        _a = a.Floats;
        _bias = context.Input(1).Floats;
        _h = context.Output(0, a.Sizes).Floats;
        float* h0 = context.Input(2).Floats, last = context.Output(1, Directions, Batch, Hidden).Floats;
        Run(context, r, h0, _h);
        Last(last, _h, h0);
    }

    /// <inheritdoc/>
    protected override void Read(int direction, int t, int first, float* sum)
    {
        float* a = _a + At(direction, t, first), bias = _bias + ((long)direction * Hidden) + first;
        for (var row = 0; row < Batch; row++, a += Hidden, sum += StepProduct.Panel)
        {
            for (var j = 0; j < StepProduct.Panel; j += Lane)
            {
                var left = Math.Max(0, Hidden - first - j);
                (Lanes.Load(a + j, left) + Lanes.Load(bias + j, left)).Store(sum + j);
            }
        }
    }

    /// <inheritdoc/>
    protected override void Cell(int direction, int t, int first, float* sum)
    {
        var h = _h + At(direction, t, first);
        for (var row = 0; row < Batch; row++, h += Hidden, sum += StepProduct.Panel)
        {
            for (var j = 0; j < Math.Min(StepProduct.Panel, Hidden - first); j += Lane)
                Lanes.Store(Gates.Tanh(Vector512.Load(sum + j)), h + j, Hidden - first - j);
        }
    }
}
