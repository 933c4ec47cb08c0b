namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>The equations of a GRU's cell; they hold for one step [D, B, H] and for all steps at once [D, T, B, H].</summary>
internal sealed class GruCell
{
    private readonly RecurrentActivations _activations;
    private readonly Func<Value, Value, long, Value> _product;
    private readonly Value _r;
    private readonly Value[]? _biases;

    /// <summary>Reads the cell from a node.</summary>
    /// <param name="node">A GRU.</param>
    /// <param name="sequences">Its layout.</param>
    /// <param name="rank">3 for one step, 4 for all.</param>
    /// <param name="product">x mᵀ, given x, m [D, n·H, H] and the number n of gates.</param>
    internal GruCell(Node node, Sequences sequences, int rank, Func<Value, Value, long, Value> product)
    {
        _activations = new(node, sequences.Directions, "Sigmoid", "Tanh");
        (_product, _r) = (product, node[2]);
        _biases = node.Optional(3) is { } b ? sequences.PerDirection(b, 6, rank) : null;
        IsLinear = node.Int("linear_before_reset", 0) != 0;
        (Rzr, Rh) = (_r.Slice(1, 0, 2 * sequences.Hidden), _r.Slice(1, 2 * sequences.Hidden, long.MaxValue));
    }

    /// <summary>Gets whether the reset gate stands behind the matrix product (<c>linear_before_reset</c>).</summary>
    internal bool IsLinear { get; }

    /// <summary>Gets the rows of R for the gates z and r.</summary>
    internal Value Rzr { get; }

    /// <summary>Gets the rows of R for the candidate.</summary>
    internal Value Rh { get; }

    /// <summary>z, r and the candidate h̃ = g(aₕ + (r h₋₁) Rₕᵀ), or g(aₕ + r (h₋₁ Rₕᵀ + b)) where linear; and r h₋₁, or what r multiplies there.</summary>
    /// <param name="a">X Wᵀ for the gates z, r, h, without bias.</param>
    /// <param name="before">The hidden state before.</param>
    internal (RecurrentGate Z, RecurrentGate R, RecurrentGate H, Value Inner) Gates(Value[] a, Value before)
    {
        var products = Sequences.Parts(_product(before, IsLinear ? _r : Rzr, IsLinear ? 3 : 2), IsLinear ? 3 : 2);
        var z = _activations.Gate(0, Biased(a[0] + products[0], 0, 3));
        var r = _activations.Gate(0, Biased(a[1] + products[1], 1, 4));
        var inner = IsLinear ? Biased(products[2], 5) : r.Output * before;
        var h = IsLinear ? Biased(a[2] + r.Output * inner, 2) : Biased(a[2] + _product(inner, Rh, 1), 2, 5);
        return (z, r, _activations.Gate(1, h), inner);
    }

    /// <summary>h = (1 − z) h̃ + z h₋₁.</summary>
    internal Value Next(Value[] a, Value before)
    {
        var (z, _, h, _) = Gates(a, before);
        return (1 - z.Output) * h.Output + z.Output * before;
    }

    private Value Biased(Value a, params int[] parts) => _biases is null ? a : parts.Aggregate(a, (sum, part) => sum + _biases[part]);
}
