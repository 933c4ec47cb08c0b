using System.Text.RegularExpressions;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Layer-wise decay of the learning rate: layer l of L learns at <c>lr · D^(L − l)</c>, so the first the slowest.</summary>
/// <param name="Factor">D, in (0, 1].</param>
/// <param name="Pattern">
/// A regular expression whose one group in parentheses finds a layer's number in the names of weights or of the nodes that use them,
/// such as <c>layer\.(\d+)</c>; <see langword="null"/> to take every trained matrix, in the order of use, as the start of a layer.
/// </param>
/// <remarks>
/// With a pattern, what is used before the first numbered layer is a layer of its own before it, and what is used after the last one
/// is one behind it. L is the last layer with a trained weight. Source: Clark et al., ELECTRA,
/// <see href="https://arxiv.org/abs/2003.10555">arXiv:2003.10555</see>; Bao et al., BEiT, <see href="https://arxiv.org/abs/2106.08254">arXiv:2106.08254</see>.
/// </remarks>
public sealed record LayerDecay(double Factor, string? Pattern = null)
{
    /// <exception cref="ArgumentException">The factor is outside its range, or the pattern is no expression with one group.</exception>
    internal void Validate()
    {
        if (Factor is not (> 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(Factor), Factor, "The layer-wise decay of the learning rate must be in (0, 1], such as 0.75.");
        if (Pattern is not null)
            _ = Expression(Pattern);
    }

    /// <exception cref="ArgumentException">The pattern is no expression with one group.</exception>
    internal static Regex Expression(string pattern)
    {
        try
        {
            // Without backtracking no pattern takes longer than the name is long.
            var expression = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            if (expression.GetGroupNumbers().Length == 2)
                return expression;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ArgumentException($"The layer pattern '{pattern}' is no regular expression that can be used: {e.Message}", nameof(pattern), e);
        }

        throw new ArgumentException($"The layer pattern '{pattern}' needs one group in parentheses that finds the layer's number, such as layer\\.(\\d+).", nameof(pattern));
    }
}
