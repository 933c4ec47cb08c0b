using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The steps backwards of an RNN, from the slopes k.</summary>
internal sealed unsafe class RnnRecurrenceGrad : RecurrenceGrad
{
    internal static readonly KernelDefinition Definition = Define("RNNRecurrenceGrad", ["D T B H", "D B H", "D T B H", "D H H"], 2, () => new RnnRecurrenceGrad());

    private float* _dY, _k, _dA;

    internal override void Compute(KernelContext context)
    {
        KernelTensor k = context.Input(2), r = context.Input(3);
        _dY = context.Input(0).Floats;
        _k = k.Floats;
        _dA = context.Output(0, k.Sizes).Floats;
        Run(context, k.Sizes, r, context.Input(1).Floats, context.Output(1, k.Sizes[0], k.Sizes[2], k.Sizes[3]).Floats);
    }

    /// <inheritdoc/>
    protected override float* IntoGates(int direction, int t) => _dA + At(direction, t);

    // dA = (dY + sum) k
    /// <inheritdoc/>
    protected override void Cell(int direction, int t, int column, float* sum)
    {
        var (at, left) = (At(direction, t, column), Hidden - column);
        for (var row = 0; row < Batch; row++, at += Hidden, sum += StepProduct.Panel)
            Lanes.Store((Lanes.Load(_dY + at, left) + Vector512.Load(sum)) * Lanes.Load(_k + at, left), _dA + at, left);
    }
}
