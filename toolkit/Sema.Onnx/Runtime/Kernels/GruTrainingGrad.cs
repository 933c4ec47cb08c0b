using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>All steps of a GRU with linear_before_reset backwards, the slopes of the gates made where they are needed.</summary>
internal sealed unsafe class GruTrainingGrad : RecurrenceGrad
{
    internal static readonly KernelDefinition Definition = Define("GRUTrainingGrad", ["D T B H", "D B H", "D T B 3H", "D T B H", "D T B H", "D B H", "D 3H H"], 4, () => new GruTrainingGrad());

    private float* _dY, _gates, _h, _n, _h0, _dA, _dN, _dB, _dh;

    internal override void Compute(KernelContext context)
    {
        KernelTensor gates = context.Input(2), r = context.Input(6);
        int directions = gates.Sizes[0], batch = gates.Sizes[2], hidden = r.Sizes[2], states = checked(directions * batch * hidden);
        _dY = context.Input(0).Floats;
        _gates = gates.Floats;
        _h = context.Input(3).Floats;
        _n = context.Input(4).Floats;
        _h0 = context.Input(5).Floats;
        _dA = context.Output(0, gates.Sizes).Floats;
        _dN = context.Output(1, gates.Sizes).Floats;
        _dB = context.Output(2, directions, 4 * hidden).Floats;
        var memory = Scratch.Floats(ScratchUse.States, states + (gates.Count * (_dN is null ? 1 : 0)) + (4L * directions * hidden));
        _dh = memory;
        if (_dB is null)
            _dB = memory + states;
        if (_dN is null)
            _dN = memory + states + (4L * directions * hidden);
        new Span<float>(_dB, 4 * directions * hidden).Clear();
        Run(context, gates.Sizes, r, context.Input(1).Floats, context.Output(3, directions, batch, hidden).Floats);
    }

    /// <inheritdoc/>
    protected override float* IntoGates(int direction, int t) => _dN + (3 * At(direction, t));

    // z dh
    /// <inheritdoc/>
    protected override void Kept(int direction, int t, int first, int columns, float* sum) =>
        Copy(_dh + ((long)direction * Batch * Hidden) + first, Hidden, sum, StepProduct.Panel, Batch, columns);

    /// <inheritdoc/>
    protected override void Cell(int direction, int t, int column, float* sum)
    {
        long at = At(direction, t, column), gate = (3 * At(direction, t)) + column, state = ((long)direction * Batch * Hidden) + column;
        var before = t == 0 ? _h0 + state : _h + at - ((long)Batch * Hidden);
        Cell(sum, _dY + at, _gates + gate, before, _n + at, _dh + state, _dA + gate, _dN + gate, _dB + ((long)direction * 4 * Hidden) + column, Batch, Hidden, Hidden - column);
    }

    // dh = dY + sum,  daₕ = (1 − z) dh (1 − h̃²),  dA = ((h₋₁ − h̃) dh z (1 − z), n daₕ r (1 − r), daₕ),  dN the same but r daₕ
    private static void Cell(
        float* sum, float* dY, float* gates, float* before, float* n, float* kept, float* dA, float* dN, float* dB, int batch, long hidden, int left)
    {
        var one = Vector512<float>.One;
        Vector512<float> sumZ = default, sumR = default, sumH = default, sumN = default;
        for (var row = 0; row < batch; row++)
        {
            Vector512<float> z = Lanes.Load(gates, left), r = Lanes.Load(gates + hidden, left), candidate = Lanes.Load(gates + (2 * hidden), left);
            var dh = Vector512.Load(sum) + Lanes.Load(dY, left);
            var dZ = dh * (Lanes.Load(before, left) - candidate) * z * (one - z);
            var dH = dh * (one - z) * (one - (candidate * candidate));
            Vector512<float> dR = dH * Lanes.Load(n, left) * r * (one - r), dInner = dH * r;
            Lanes.Store(dh * z, kept, left);
            Lanes.Store(dZ, dA, left);
            Lanes.Store(dR, dA + hidden, left);
            Lanes.Store(dH, dA + (2 * hidden), left);
            Lanes.Store(dZ, dN, left);
            Lanes.Store(dR, dN + hidden, left);
            Lanes.Store(dInner, dN + (2 * hidden), left);
            sumZ += dZ;
            sumR += dR;
            sumH += dH;
            sumN += dInner;
            sum += StepProduct.Panel;
            dY += hidden;
            before += hidden;
            n += hidden;
            kept += hidden;
            gates += 3 * hidden;
            dA += 3 * hidden;
            dN += 3 * hidden;
        }

        Lanes.Store(Lanes.Load(dB, left) + sumZ, dB, left);
        Lanes.Store(Lanes.Load(dB + hidden, left) + sumR, dB + hidden, left);
        Lanes.Store(Lanes.Load(dB + (2 * hidden), left) + sumH, dB + (2 * hidden), left);
        Lanes.Store(Lanes.Load(dB + (3 * hidden), left) + sumN, dB + (3 * hidden), left);
    }
}
