namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>The equations of an LSTM's cell; they hold for one step [D, B, H] and for all steps at once [D, T, B, H].</summary>
internal sealed class LstmCell
{
    private readonly RecurrentActivations _activations;
    private readonly bool _isCoupled;
    private readonly Value[]? _peepholes;

    /// <summary>Reads the cell from a node.</summary>
    /// <param name="node">An LSTM.</param>
    /// <param name="sequences">Its layout.</param>
    /// <param name="rank">3 for one step, 4 for all.</param>
    internal LstmCell(Node node, Sequences sequences, int rank)
    {
        _activations = new(node, sequences.Directions, "Sigmoid", "Tanh", "Tanh");
        _isCoupled = node.Int("input_forget", 0) != 0;
        _peepholes = node.Optional(7) is { } p ? sequences.PerDirection(p, 3, rank) : null;
    }

    /// <summary>Gets the weights by which the gates i, o, f see the cell, if they do.</summary>
    internal (Value I, Value O, Value F)? Peepholes => _peepholes is null ? null : (_peepholes[0], _peepholes[1], _peepholes[2]);

    /// <summary>i = f(aᵢ + Pᵢ c), f likewise or 1 − i, g = g(a_c), from what goes into the gates and the cell before.</summary>
    internal (RecurrentGate I, RecurrentGate? F, RecurrentGate G) Gates(Value[] a, Value before) => (
        _activations.Gate(0, Seen(a[0], before, 0)),
        _isCoupled ? null : _activations.Gate(0, Seen(a[2], before, 2)),
        _activations.Gate(1, a[3]));

    /// <summary>What the cell keeps of itself.</summary>
    internal static Value Kept(RecurrentGate i, RecurrentGate? f) => f?.Output ?? 1 - i.Output;

    /// <summary>c = f c₋₁ + i g.</summary>
    internal Value Next(Value[] a, Value before)
    {
        var (i, f, g) = Gates(a, before);
        return Kept(i, f) * before + i.Output * g.Output;
    }

    /// <summary>o = f(aₒ + Pₒ c) and h(c), whose product is the hidden state.</summary>
    internal (RecurrentGate O, RecurrentGate H) Shown(Value[] a, Value cell) =>
        (_activations.Gate(0, Seen(a[1], cell, 1)), _activations.Gate(2, cell, clip: false));

    private Value Seen(Value a, Value cell, int gate) => _peepholes is null ? a : a + cell * _peepholes[gate];
}
