using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>All steps of an LSTM backwards, the slopes of the gates made where they are needed.</summary>
internal sealed unsafe class LstmTrainingGrad : RecurrenceGrad
{
    internal static readonly KernelDefinition Definition = Define("LSTMTrainingGrad", ["D T B H", "D B H", "D B H", "D T B 4H", "D T B H", "D B H", "D 4H H"], 4, () => new LstmTrainingGrad());

    private float* _dY, _gates, _c, _c0, _dA, _dB, _dC;

    internal override void Compute(KernelContext context)
    {
        KernelTensor gates = context.Input(3), r = context.Input(6);
        int directions = gates.Sizes[0], batch = gates.Sizes[2], hidden = r.Sizes[2], states = checked(directions * batch * hidden);
        _dY = context.Input(0).Floats;
        _gates = gates.Floats;
        _c = context.Input(4).Floats;
        _c0 = context.Input(5).Floats;
        _dA = context.Output(0, gates.Sizes).Floats;
        _dB = context.Output(1, directions, 4 * hidden).Floats;
        _dC = context.Output(3, directions, batch, hidden).Floats;
        var unread = Scratch.Floats(ScratchUse.States, states + (4L * directions * hidden));
        if (_dC is null)
            _dC = unread;
        if (_dB is null)
            _dB = unread + states;
        new Span<float>(_dB, 4 * directions * hidden).Clear();
        new ReadOnlySpan<float>(context.Input(2).Floats, states).CopyTo(new(_dC, states));
        Run(context, gates.Sizes, r, context.Input(1).Floats, context.Output(2, directions, batch, hidden).Floats);
    }

    /// <inheritdoc/>
    protected override float* IntoGates(int direction, int t) => _dA + (4 * At(direction, t));

    /// <inheritdoc/>
    protected override void Cell(int direction, int t, int column, float* sum)
    {
        long at = At(direction, t, column), gate = (4 * At(direction, t)) + column, state = ((long)direction * Batch * Hidden) + column;
        var before = t == 0 ? _c0 + state : _c + at - ((long)Batch * Hidden);
        Cell(sum, _dY + at, _gates + gate, _c + at, before, _dC + state, _dA + gate, _dB + ((long)direction * 4 * Hidden) + column, Batch, Hidden, Hidden - column);
    }

    // dh = dY + sum,  dc += o dh (1 − tanh² c),  dA = (g dc i (1 − i), tanh c dh o (1 − o), c₋₁ dc f (1 − f), i dc (1 − g²)),  dc₋₁ = f dc
    private static void Cell(float* sum, float* dY, float* gates, float* c, float* before, float* dC, float* dA, float* dB, int batch, long hidden, int left)
    {
        var one = Vector512<float>.One;
        Vector512<float> sumI = default, sumO = default, sumF = default, sumG = default;
        for (var row = 0; row < batch; row++)
        {
            Vector512<float> i = Lanes.Load(gates, left), o = Lanes.Load(gates + hidden, left);
            Vector512<float> f = Lanes.Load(gates + (2 * hidden), left), g = Lanes.Load(gates + (3 * hidden), left);
            var shown = Gates.Tanh(Lanes.Load(c, left));
            var dh = Vector512.Load(sum) + Lanes.Load(dY, left);
            var dc = Lanes.Load(dC, left) + (dh * o * (one - (shown * shown)));
            Vector512<float> dI = dc * g * i * (one - i), dO = dh * shown * o * (one - o);
            Vector512<float> dF = dc * Lanes.Load(before, left) * f * (one - f), dG = dc * i * (one - (g * g));
            Lanes.Store(dc * f, dC, left);
            Lanes.Store(dI, dA, left);
            Lanes.Store(dO, dA + hidden, left);
            Lanes.Store(dF, dA + (2 * hidden), left);
            Lanes.Store(dG, dA + (3 * hidden), left);
            sumI += dI;
            sumO += dO;
            sumF += dF;
            sumG += dG;
            sum += StepProduct.Panel;
            dY += hidden;
            c += hidden;
            before += hidden;
            dC += hidden;
            gates += 4 * hidden;
            dA += 4 * hidden;
        }

        Lanes.Store(Lanes.Load(dB, left) + sumI, dB, left);
        Lanes.Store(Lanes.Load(dB + hidden, left) + sumO, dB + hidden, left);
        Lanes.Store(Lanes.Load(dB + (2 * hidden), left) + sumF, dB + (2 * hidden), left);
        Lanes.Store(Lanes.Load(dB + (3 * hidden), left) + sumG, dB + (3 * hidden), left);
    }
}
