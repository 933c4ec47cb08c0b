using Sema.Onnx.Graphs.Autodiff.Rules;
using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.Rules.Sequences;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Recurrent operators as a Scan over their steps.</summary>
internal static class DoubleRecurrence
{
    internal static Value[] Rnn(Node y)
    {
        var (s, r) = (new Sequences(y), y[2].Transpose(0, 2, 1));
        var activations = new RecurrentActivations(y, s.Directions, "Tanh");
        return Run(y, s, 1, [s.Initial(5)], (h, a) => [activations.Gate(0, a[0] + h[0].MatMul(r)).Output]);
    }

    internal static Value[] Gru(Node y)
    {
        var s = new Sequences(y);
        var cell = new GruCell(y, s, 3, (h, m, _) => h.MatMul(m.Transpose(0, 2, 1)));
        return Run(y, s, 3, [s.Initial(5)], (h, a) => [cell.Next(a, h[0])]);
    }

    /// <summary>The LSTM.</summary>
    /// <param name="y">The node.</param>
    /// <param name="seen">What the recurrent weights see of one direction's hidden state, [1, B, H]; all of it where nothing is given.</param>
    internal static Value[] Lstm(Node y, Func<Value, Value>? seen = null)
    {
        var (s, r) = (new Sequences(y), y[2].Transpose(0, 2, 1));
        var cell = new LstmCell(y, s, 3);
        return Run(y, s, 4, [s.Initial(5), s.Initial(6)], (state, at) =>
        {
            var a = at.Zip(Parts(Seen(state[0]).MatMul(r), 4), (x, h) => x + h).ToArray();
            var c = cell.Next(a, state[1]);
            var (o, shown) = cell.Shown(a, c);
            return [o.Output * shown.Output, c];
        });

        Value Seen(Value h) => seen is null ? h : s.Directions == 1 ? seen(h)
            : Operators.Concat([.. RecurrentActivations.Halves(h).Select(seen)], 0);
    }

    // From X Wᵀ of all steps, with the biases but for a GRU's, whose cell adds them; the first state is the hidden one.
    private static Value[] Run(Node y, Sequences s, int gates, Value[] initial, Func<Value[], Value[], Value[]> step)
    {
        var a = s.Times(s.Read(y[0]), s.Width, y[1], gates);
        var made = ScanBuilder.Scan(initial, Parts(gates == 3 ? a : s.Biased(a, y.Optional(3), gates), gates), (states, at) =>
        {
            var next = step(states, at);
            return ([.. next.Select(n => n.Identity())], next);
        });
        var (final, all) = (made[..initial.Length], made[initial.Length..]);
        return [s.Unordered(all[0]), .. all.Zip(final, s.Last)];
    }
}
