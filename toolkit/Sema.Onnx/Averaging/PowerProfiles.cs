namespace Sema.Onnx.Averaging;

/// <summary>A power-function average on record: after step t, of exponent γ.</summary>
/// <param name="Step">t, at least 1.</param>
/// <param name="Power">γ, at least 0.</param>
internal readonly record struct PowerProfile(long Step, double Power)
{
    /// <summary>∫ p q over the run, with <c>p(τ) = (γ + 1) τ^γ / t^(γ+1)</c> for τ up to t, and 0 after.</summary>
    internal double Dot(PowerProfile other)
    {
        double ratio = (double)Step / other.Step, exponent = Step < other.Step ? other.Power : -Power;
        return (Power + 1) * (other.Power + 1) * Math.Pow(ratio, exponent) / ((Power + other.Power + 1) * Math.Max(Step, other.Step));
    }
}

/// <summary>Makes an average of one width out of averages of other widths and times.</summary>
/// <remarks>Source: Karras et al., <see href="https://arxiv.org/abs/2312.02696">arXiv:2312.02696</see>, appendix C, algorithm 3, and the authors' code, which divides
/// the shares by their sum: the nearest profile need not have a sum of 1, and an average that has not would shrink the weights.</remarks>
internal static class PowerProfiles
{
    /// <summary>Gets the shares whose sum of profiles is nearest to the profile asked for, in the mean square, scaled to a sum of 1.</summary>
    /// <param name="recorded">The averages on record, each of them once.</param>
    /// <param name="wanted">The average asked for.</param>
    internal static double[] Shares(IReadOnlyList<PowerProfile> recorded, PowerProfile wanted)
    {
        // The normal equations A x = b with A_ij = ⟨p_i, p_j⟩ and b_i = ⟨p_i, p⟩; A is symmetric and positive definite.
        var n = recorded.Count;
        var rows = recorded.Select(p => recorded.Select(p.Dot).Append(p.Dot(wanted)).ToArray()).ToArray();
        for (var i = 0; i < n; i++)
        {
            var pivot = Enumerable.Range(i, n - i).MaxBy(r => Math.Abs(rows[r][i]));
            (rows[i], rows[pivot]) = (rows[pivot], rows[i]);
            for (var r = i + 1; r < n; r++)
            {
                var factor = rows[r][i] / rows[i][i];
                for (var c = i; c <= n; c++)
                    rows[r][c] -= factor * rows[i][c];
            }
        }

        var shares = new double[n];
        for (var i = n - 1; i >= 0; i--)
            shares[i] = (rows[i][n] - Enumerable.Range(i + 1, n - i - 1).Sum(c => rows[i][c] * shares[c])) / rows[i][i];
        return [.. shares.Select(s => s / shares.Sum())];
    }
}
