using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;
using static Sema.Onnx.Graphs.Autodiff.Rules.Sequences;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Recurrent operators: what needs no order is done for all steps at once, the rest by functions of ours.</summary>
/// <remarks>
/// Y holds all hidden states, so what goes into the gates of every step is two matrix products. The functions then make dA, the gradient of
/// that, step by step; the weights' gradients are products with dA again. k: the slope of a gate times what the gate multiplies.
/// </remarks>
internal static class Recurrent
{
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // (Y, Y_h, Y_c) = op(X, W, R, B, sequence_lens, initial_h, initial_c, P)
        ["RNN"] = Joint(Rnn),
        ["GRU"] = Joint(Gru),
        ["LSTM"] = Joint(Lstm),
        // (h, h_T, c_T, c, gates) = op(A, b, h₀, c₀, R)
        ["com.sema.LSTMTraining"] = Joint(LstmTraining, outputs: 3),
        // (h, h_T, gates, n) = op(A, b, h₀, R)
        ["com.sema.GRUTraining"] = Joint(GruTraining, outputs: 2),
        // (h, h_T) = op(A, b, h₀, R)
        ["com.sema.RNNTraining"] = Joint(RnnTraining, outputs: 2),
    };

    // a = X Wᵀ + H₋₁ Rᵀ + b,  h = f(a)
    private static IReadOnlyList<Value?> Rnn(Node y, IReadOnlyList<Value?> dYs)
    {
        var s = new Sequences(y);
        Value x = s.Read(y[0]), before = Before(s.Initial(5), s.Ordered(y.NeedOutput(0, y[0].Type)));
        var a = s.Times(x, s.Width, y[1], 1) + s.Times(before, s.Gates(1), y[2], 1);
        var h = new RecurrentActivations(y, s.Directions, "Tanh").Gate(0, s.Biased(a, y.Optional(3), 1));
        var (dY, dH) = s.Arriving(dYs[0], dYs.ElementAtOrDefault(1));
        var d = y.Graph.CallAll("RNNRecurrenceGrad", [dY, dH, h.Pull(a.Like(1).Expand(a.DynamicShape())), y[2]], 2);
        return [.. OfInputs(y, s, x, d[0]!, 1), s.Outer(d[0]!, 1, before), Bias(d[0]!, d[0]!), null, d[1]];
    }

    // h = (1 − z) h̃ + z h₋₁
    private static IReadOnlyList<Value?> Gru(Node y, IReadOnlyList<Value?> dYs)
    {
        var s = new Sequences(y);
        Value x = s.Read(y[0]), before = Before(s.Initial(5), s.Ordered(y.NeedOutput(0, y[0].Type)));
        var cell = new GruCell(y, s, 4, (h, m, gates) => s.Times(h, s.Gates(1), m, gates));
        var (z, r, h, inner) = cell.Gates(Parts(s.Times(x, s.Width, y[1], 3), 3), before);
        Value kz = z.Pull(before - h.Output), kh = h.Pull(1 - z.Output);
        var (dY, dH) = s.Arriving(dYs[0], dYs.ElementAtOrDefault(1));
        if (cell.IsLinear)
        {
            Value kr = r.Pull(kh * inner), kn = kh * r.Output;
            var onState = Operators.Concat([kz, kr, kn], -1);
            var d = y.Graph.CallAll("GRULinearRecurrenceGrad", [dY, dH, z.Output, onState, y[2]], 2);
            var dh = Operators.Concat([d[0]!, d[0]!, d[0]!], -1);
            Value dA = dh * Operators.Concat([kz, kr, kh], -1), dN = dh * onState;
            return [.. OfInputs(y, s, x, dA, 3), s.Outer(dN, 3, before), Bias(dA, dN), null, d[1]];
        }
        else
        {
            var d = y.Graph.CallAll("GRURecurrenceGrad", [dY, dH, z.Output, r.Output, kz, r.Pull(before), kh, cell.Rzr, cell.Rh], 2);
            var dA = Parts(d[0]!, 3);
            var dR = Operators.Concat([s.Outer(Operators.Concat([dA[0], dA[1]], -1), 2, before), s.Outer(dA[2], 1, inner)], 1);
            return [.. OfInputs(y, s, x, d[0]!, 3), dR, Bias(d[0]!, d[0]!), null, d[1]];
        }
    }

    // c = f c₋₁ + i g,  h = o h(c); f = 1 − i where they are coupled
    private static IReadOnlyList<Value?> Lstm(Node y, IReadOnlyList<Value?> dYs)
    {
        var s = new Sequences(y);
        Value x = s.Read(y[0]), before = Before(s.Initial(5), s.Ordered(y.NeedOutput(0, y[0].Type)));
        var cell = new LstmCell(y, s, 4);
        var a = Parts(s.Biased(s.Times(x, s.Width, y[1], 4) + s.Times(before, s.Gates(1), y[2], 4), y.Optional(3), 4), 4);
        var cells = Cells(y, s, cell, a);
        var cellsBefore = Before(s.Initial(6), cells);
        var (i, f, g) = cell.Gates(a, cellsBefore);
        var (o, shown) = cell.Shown(a, cells);

        Value ki = i.Pull(f is null ? g.Output - cellsBefore : g.Output), ko = o.Pull(shown.Output), kg = g.Pull(i.Output);
        var kf = f is null ? ki.ZerosOf(ki.DynamicShape()) : f.Pull(cellsBefore);
        Value kc = shown.Pull(o.Output), kd = LstmCell.Kept(i, f);
        if (cell.Peepholes is var (pi, po, pf))
            (kc, kd) = (kc + ko * po, kd + ki * pi + kf * pf);

        var (dY, dH) = s.Arriving(dYs[0], dYs.ElementAtOrDefault(1));
        var k = s.Masked(Operators.Concat([ki, ko, kf, kg], -1));
        var d = y.Graph.CallAll("LSTMRecurrenceGrad", [dY, dH, s.Staying(dYs.ElementAtOrDefault(2)), k, kc, s.Masked(kd, 1), y[2]], 3);
        var dA = d[0]!;
        var dP = cell.Peepholes is null ? null
            : (Operators.Concat([.. Parts(dA, 4)[..3]], -1) * Operators.Concat([cellsBefore, cells, cellsBefore], -1)).Sum([1, 2], keep: false);
        return [.. OfInputs(y, s, x, dA, 4), s.Outer(dA, 4, before), Bias(dA, dA), null, d[1], d[2], dP];
    }

    private static IReadOnlyList<Value?> LstmTraining(Node y, IReadOnlyList<Value?> dYs)
    {
        var d = y.Graph.CallAll("LSTMTrainingGrad", [Given(dYs[0], y.Output), Given(dYs[1], y[2]), Given(dYs[2], y[3]), y.Outputs[4], y.Outputs[3], y[3], y[4]], 4);
        return [d[0], d[1], d[2], d[3], OfStates(y, d[0]!, y[4])];
    }

    private static IReadOnlyList<Value?> GruTraining(Node y, IReadOnlyList<Value?> dYs)
    {
        var d = y.Graph.CallAll("GRUTrainingGrad", [Given(dYs[0], y.Output), Given(dYs[1], y[2]), y.Outputs[2], y.Output, y.Outputs[3], y[2], y[3]], 4);
        return [d[0], d[2], d[3], OfStates(y, d[1]!, y[3])];
    }

    private static IReadOnlyList<Value?> RnnTraining(Node y, IReadOnlyList<Value?> dYs)
    {
        var d = y.Graph.CallAll("RNNRecurrenceGrad", [Given(dYs[0], y.Output), Given(dYs[1], y[2]), 1 - y.Output.Square(), y[3]], 2);
        return [d[0], d[0]!.Sum([1, 2], keep: false), d[1], OfStates(y, d[0]!, y[3])];
    }

    private static Value Given(Value? d, Value of) => d ?? of.ZerosOf(of.DynamicShape());

    // dR = Σ dAᵀ hₜ₋₁, of a training form, whose h₀ is its third input
    private static Value OfStates(Node y, Value dA, Value r)
    {
        return Rows(dA, 1).Transpose(0, 2, 1).MatMul(Rows(Before(y[2], y.Output), 2));

        Value Rows(Value x, int axis) => x.Reshape(Operators.Concat([Size(0), y.Graph.Vector(-1), Size(axis)], 0));

        Value Size(int axis) => r.ShapeVector().Slice(0, axis, axis + 1);
    }

    // Only peepholes make a gate wait for the cell.
    private static Value Cells(Node y, Sequences s, LstmCell cell, Value[] a)
    {
        var first = s.Initial(6);
        if (cell.Peepholes is null)
        {
            var (i, f, g) = cell.Gates(a, first);
            return y.Graph.Call("LinearRecurrence", [LstmCell.Kept(i, f), i.Output * g.Output, first]);
        }

        var step = new LstmCell(y, s, 3);
        return ScanBuilder.Scan([first], a, (c, at) =>
        {
            var next = step.Next(at, c[0]);
            return ([next.Identity()], [next]);
        })[1];
    }

    // dX = dA W,  dW = Σ dAᵀ x
    private static Value[] OfInputs(Node y, Sequences s, Value x, Value dA, long gates) =>
        [s.Unread(s.Back(dA, gates, y[1])), s.Outer(dA, gates, x, s.Width)];

    // Of the biases of W and R, each a sum over steps and sequences of what goes into the gates.
    private static Value Bias(Value dA, Value dN)
    {
        var sum = dA.Sum([1, 2], keep: false);
        return Operators.Concat([sum, dN == dA ? sum : dN.Sum([1, 2], keep: false)], 1);
    }
}
