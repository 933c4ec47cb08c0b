namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The steps backwards of any LSTM, from the slopes k.</summary>
internal sealed unsafe class LstmRecurrenceGrad : RecurrenceGrad
{
    internal static readonly KernelDefinition Definition = Define("LSTMRecurrenceGrad", ["D T B H", "D B H", "D B H", "D T B 4H", "D T B H", "D T B H", "D 4H H"], 3, () => new LstmRecurrenceGrad());

    private float* _dY, _k, _kc, _kd, _dA, _dC;

    internal override void Compute(KernelContext context)
    {
        KernelTensor k = context.Input(3), r = context.Input(6);
        int directions = k.Sizes[0], batch = k.Sizes[2], hidden = r.Sizes[2], states = checked(directions * batch * hidden);
        _dY = context.Input(0).Floats;
        _k = k.Floats;
        _kc = context.Input(4).Floats;
        _kd = context.Input(5).Floats;
        _dA = context.Output(0, k.Sizes).Floats;
        _dC = context.Output(2, directions, batch, hidden).Floats;
        if (_dC is null)
            _dC = Scratch.Floats(ScratchUse.States, states);
        new ReadOnlySpan<float>(context.Input(2).Floats, states).CopyTo(new(_dC, states));
        Run(context, k.Sizes, r, context.Input(1).Floats, context.Output(1, directions, batch, hidden).Floats);
    }

    /// <inheritdoc/>
    protected override float* IntoGates(int direction, int t) => _dA + (4 * At(direction, t));

    // dh = dY + sum,  dc += kc dh,  dA = (dc, dh, dc, dc) k,  dc₋₁ = kd dc
    /// <inheritdoc/>
    protected override void Cell(int direction, int t, int column, float* sum)
    {
        long at = At(direction, t, column), gate = (4 * At(direction, t)) + column, state = ((long)direction * Batch * Hidden) + column;
        var left = Hidden - column;
        for (var row = 0; row < Batch; row++, at += Hidden, gate += 4L * Hidden, state += Hidden, sum += StepProduct.Panel)
        {
            var dh = Lanes.Load(_dY + at, left) + System.Runtime.Intrinsics.Vector512.Load(sum);
            var dc = Lanes.Load(_dC + state, left) + (dh * Lanes.Load(_kc + at, left));
            for (var part = 0; part < 4; part++)
            {
                var place = gate + ((long)part * Hidden);
                Lanes.Store((part == 1 ? dh : dc) * Lanes.Load(_k + place, left), _dA + place, left);
            }

            Lanes.Store(dc * Lanes.Load(_kd + at, left), _dC + state, left);
        }
    }
}
