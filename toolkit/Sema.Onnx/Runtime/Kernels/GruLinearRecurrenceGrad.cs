using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The steps backwards of a GRU with linear_before_reset, from z and the slopes k.</summary>
internal sealed unsafe class GruLinearRecurrenceGrad : RecurrenceGrad
{
    internal static readonly KernelDefinition Definition = Define("GRULinearRecurrenceGrad", ["D T B H", "D B H", "D T B H", "D T B 3H", "D 3H H"], 2, () => new GruLinearRecurrenceGrad());

    private float* _dY, _z, _k, _dh, _dA;

    internal override void Compute(KernelContext context)
    {
        KernelTensor z = context.Input(2), r = context.Input(4);
        int directions = z.Sizes[0], batch = z.Sizes[2], hidden = z.Sizes[3];
        _dY = context.Input(0).Floats;
        _z = z.Floats;
        _k = context.Input(3).Floats;
        _dh = context.Output(0, z.Sizes).Floats;
        _dA = Scratch.Floats(ScratchUse.States, 2L * directions * batch * 3 * hidden);
        Run(context, z.Sizes, r, context.Input(1).Floats, context.Output(1, directions, batch, hidden).Floats);
    }

    // While a step is written, the one behind is still read.
    /// <inheritdoc/>
    protected override float* IntoGates(int direction, int t) => _dA + (((2L * direction) + (t & 1)) * Batch * 3 * Hidden);

    // z dh
    /// <inheritdoc/>
    protected override void Kept(int direction, int t, int first, int columns, float* sum)
    {
        var at = At(direction, t, first);
        for (var row = 0; row < Batch; row++, at += Hidden, sum += StepProduct.Panel)
        {
            for (var j = 0; j < columns; j += 16)
                (Lanes.Load(_z + at + j, columns - j) * Lanes.Load(_dh + at + j, columns - j)).Store(sum + j);
        }
    }

    // dh = dY + sum,  dA = (dh, dh, dh) k
    /// <inheritdoc/>
    protected override void Cell(int direction, int t, int column, float* sum)
    {
        var (at, left, dA) = (At(direction, t, column), Hidden - column, (nint)(IntoGates(direction, t) + column));
        var k = _k + (3 * At(direction, t)) + column;
        for (var row = 0; row < Batch; row++, at += Hidden, sum += StepProduct.Panel)
        {
            var dh = Lanes.Load(_dY + at, left) + Vector512.Load(sum);
            Lanes.Store(dh, _dh + at, left);
            for (var gate = 0; gate < 3; gate++)
            {
                var place = ((3L * row) + gate) * Hidden;
                Lanes.Store(dh * Lanes.Load(k + place, left), (float*)dA + place, left);
            }
        }
    }
}
