using Sema.Onnx.Graphs.Autodiff.Rules;
using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>The parts of the recurrent operators' gradients that go step by step.</summary>
/// <remarks>
/// All hidden states are known, so a gate and its slope are known at every step before the first step back is taken. What is left is linear
/// in the gradients. Its factors, named k, hold all that activations, clipping, peepholes and coupled gates make of it, so a function serves
/// every form of its operator. Sizes: D directions, each in the order in which it runs, T steps, B sequences, H hidden; a is what goes
/// into a gate's activation, and dA its gradient [D, T, B, gates·H]; dH, dC arrive behind the last step.
/// </remarks>
internal static class RecurrentFunctions
{
    internal static readonly Function[] All =
    [
        // cₜ = fₜ cₜ₋₁ + uₜ
        Define("LinearRecurrence", ["f", "u", "c0"], [], f =>
        [
            ScanBuilder.Scan([f[2]], [f[0], f[1]], (c, at) =>
            {
                var next = c[0] * at[0] + at[1];
                return ([next.Identity()], [next]);
            })[1],
        ]),

        // dh = dY + dhₜ₊₁,  dA = dh k,  dhₜ₋₁ = dA R
        Define("RNNRecurrenceGrad", ["dY", "dH", "k", "R"], [], f => Outputs(1, ScanBuilder.Scan([f[1]], [f[0], f[2]], (dh, at) =>
        {
            var dA = (at[0] + dh[0]) * at[1];
            return ([dA.MatMul(f[3])], [dA]);
        }, backwards: true))),

        Define("LSTMRecurrenceGrad", ["dY", "dH", "dC", "k", "kc", "kd", "R"], [], f => LstmGrad(f[0], f[1], f[2], f[3], f[4], f[5], f[6])),

        // The LSTM without peepholes, of the standard's own activations: a = A + b + hₜ₋₁ Rᵀ,  (i, o, f) = σ(a),  g = tanh(a),
        // cₜ = f cₜ₋₁ + i g,  hₜ = o tanh cₜ. It gives h [D, T, B, H], the last h and c [D, B, H], c and the gates (i, o, f, g) of all steps.
        Define("LSTMTraining", ["A", "b", "h0", "c0", "R"], [], f =>
        {
            var r = f[4].Transpose(0, 2, 1);
            var made = ScanBuilder.Scan([f[2], f[3]], [f[0] + f[1].Unsqueeze(1, 2)], (state, at) =>
            {
                var a = Sequences.Parts(at[0] + state[0].MatMul(r), 4);
                Value i = a[0].Sigmoid(), o = a[1].Sigmoid(), forget = a[2].Sigmoid(), g = a[3].Tanh();
                var c = forget * state[1] + i * g;
                var h = o * c.Tanh();
                return ([h.Identity(), c.Identity()], [h, c, Operators.Concat([i, o, forget, g], -1)]);
            });
            return [made[2], made[0], made[1], made[3], made[4]];
        }),

        // db = Σ dA
        Define("LSTMTrainingGrad", ["dY", "dH", "dC", "gates", "c", "c0", "R"], [], f =>
        {
            var gates = Sequences.Parts(f[3], 4);
            Value i = gates[0], o = gates[1], forget = gates[2], g = gates[3], shown = f[4].Tanh();
            var before = Operators.Concat([f[5].Unsqueeze(1), f[4]], 1).Slice(1, 0, -1);
            var k = Operators.Concat([g * i * (1 - i), shown * o * (1 - o), before * forget * (1 - forget), i * (1 - g * g)], -1);
            var d = LstmGrad(f[0], f[1], f[2], k, o * (1 - shown * shown), forget, f[6]);
            return [d[0], d[0].Sum([1, 2], keep: false), d[1], d[2]];
        }),

        // h = tanh(A + b + hₜ₋₁ Rᵀ): h of all steps [D, T, B, H], and the last [D, B, H]
        Define("RNNTraining", ["A", "b", "h0", "R"], [], f =>
        {
            var r = f[3].Transpose(0, 2, 1);
            return Outputs(1, ScanBuilder.Scan([f[2]], [f[0] + f[1].Unsqueeze(1, 2)], (state, at) =>
            {
                var h = (at[0] + state[0].MatMul(r)).Tanh();
                return ([h.Identity()], [h]);
            }));
        }),

        // The GRU with linear_before_reset, of the standard's own activations: (z, r) = σ(A + b + hₜ₋₁ Rᵀ),  n = hₜ₋₁ Rₕᵀ + bₙ,  h̃ = tanh(Aₕ + bₕ + r n),
        // hₜ = (1 − z) h̃ + z hₜ₋₁; b is (b_z, b_r, bₕ, bₙ). It gives h [D, T, B, H], the last h [D, B, H], the gates (z, r, h̃) and n of all steps.
        Define("GRUTraining", ["A", "b", "h0", "R"], [], f =>
        {
            var (r, b) = (f[3].Transpose(0, 2, 1), Sequences.Parts(f[1].Unsqueeze(1), 4));
            var made = ScanBuilder.Scan([f[2]], [f[0]], (state, at) =>
            {
                Value[] a = Sequences.Parts(at[0], 3), s = Sequences.Parts(state[0].MatMul(r), 3);
                Value z = (a[0] + s[0] + b[0]).Sigmoid(), reset = (a[1] + s[1] + b[1]).Sigmoid(), n = s[2] + b[3], candidate = (a[2] + b[2] + reset * n).Tanh();
                var h = (1 - z) * candidate + z * state[0];
                return ([h.Identity()], [h, Operators.Concat([z, reset, candidate], -1), n]);
            });
            return [made[1], made[0], made[2], made[3]];
        }),

        // dA goes to the inputs' side of the gates, dN to the state's; db = (Σ dA, Σ dNₕ)
        Define("GRUTrainingGrad", ["dY", "dH", "gates", "h", "n", "h0", "R"], [], f =>
        {
            var gates = Sequences.Parts(f[2], 3);
            Value z = gates[0], r = gates[1], candidate = gates[2], before = Operators.Concat([f[5].Unsqueeze(1), f[3]], 1).Slice(1, 0, -1);
            Value kz = (before - candidate) * z * (1 - z), kh = (1 - z) * (1 - candidate * candidate), kr = kh * f[4] * r * (1 - r);
            var onState = Operators.Concat([kz, kr, kh * r], -1);
            var d = GruLinearGrad(f[0], f[1], z, onState, f[6]);
            var dh = Operators.Concat([d[0], d[0], d[0]], -1);
            Value dA = dh * Operators.Concat([kz, kr, kh], -1), dN = dh * onState;
            var db = Operators.Concat([dA, Sequences.Parts(dN, 3)[2]], -1).Sum([1, 2], keep: false);
            return [dA, dN, db, d[1]];
        }),

        // dh = dY + dhₜ₊₁,  dAh = kh dh,  q = dAh Rh, the gradient of r hₜ₋₁,  dA = (kz dh, kr q, dAh),  dhₜ₋₁ = z dh + r q + dAzr Rzr
        Define("GRURecurrenceGrad", ["dY", "dH", "z", "r", "kz", "kr", "kh", "Rzr", "Rh"], [], f => Outputs(1, ScanBuilder.Scan(
            [f[1]], [f[0], f[2], f[3], f[4], f[5], f[6]], (state, at) =>
        {
            var dh = at[0] + state[0];
            var dAh = dh * at[5];
            var q = dAh.MatMul(f[8]);
            var dAzr = Operators.Concat([dh * at[3], q * at[4]], -1);
            return ([dh * at[1] + q * at[2] + dAzr.MatMul(f[7])], [Operators.Concat([dAzr, dAh], -1)]);
        }, backwards: true))),

        // With linear_before_reset: dh = dY + dhₜ₊₁,  dA = (dh, dh, dh) k on the recurrent side,  dhₜ₋₁ = z dh + dA R. It gives all dh.
        Define("GRULinearRecurrenceGrad", ["dY", "dH", "z", "k", "R"], [], f => GruLinearGrad(f[0], f[1], f[2], f[3], f[4])),
    ];

    private static Value[] GruLinearGrad(Value dY, Value dH, Value z, Value k, Value r) => Outputs(1, ScanBuilder.Scan([dH], [dY, z, k], (state, at) =>
    {
        var dh = at[0] + state[0];
        return ([dh * at[1] + (Operators.Concat([dh, dh, dh], -1) * at[2]).MatMul(r)], [dh]);
    }, backwards: true));

    // dh = dY + dhₜ₊₁,  dc = dcₜ₊₁ + kc dh,  dA = (dc, dh, dc, dc) k for the gates i, o, f, c,  dhₜ₋₁ = dA R,  dcₜ₋₁ = kd dc
    private static Value[] LstmGrad(Value dY, Value dH, Value dC, Value k, Value kc, Value kd, Value r) => Outputs(2, ScanBuilder.Scan(
        [dH, dC], [dY, k, kc, kd], (state, at) =>
    {
        var dh = at[0] + state[0];
        var dc = state[1] + dh * at[2];
        var dA = Operators.Concat([dc, dh, dc, dc], -1) * at[1];
        return ([dA.MatMul(r), dc * at[3]], [dA]);
    }, backwards: true));

    // What was collected first, then the states.
    private static Value[] Outputs(int states, Value[] made) => [.. made[states..], .. made[..states]];
}
