namespace Sema.Onnx.Data.Batches;

/// <summary>Symmetric label noise: with probability P a class label is replaced by another class, each of the C − 1 others equally likely.</summary>
/// <remarks>
/// So P is the expected share of wrong labels. It depends on (seed, sample) alone, and is the same in every epoch. Source: "symmetry
/// flipping", Han et al., Co-teaching, <see href="https://arxiv.org/abs/1804.06872">arXiv:1804.06872</see>. (Others draw from all C
/// classes, the right one too; then P·(C − 1)/C of the labels are wrong.)
/// </remarks>
/// <param name="Share">P, in [0, 1].</param>
/// <param name="Classes">C, at least 2.</param>
/// <param name="Seed">What is drawn from.</param>
/// <param name="Ignore">The label of places that do not count, which stays.</param>
internal sealed record LabelNoise(double Share, int Classes, ulong Seed, long? Ignore)
{
    /// <summary>Changes the labels of a sample.</summary>
    /// <param name="labels">Its labels, in [0, C).</param>
    /// <param name="sample">The sample's number.</param>
    internal void Apply(Span<long> labels, int sample)
    {
        var random = SplitMix64.For(Seed, RandomStream.LabelNoise, epoch: 0, sample);
        foreach (ref var label in labels)
        {
            // 53 uniform bits, a number in [0, 1).
            if (label == Ignore || (random.Next() >> 11) * (1.0 / (1UL << 53)) >= Share)
                continue;
            var other = random.NextBelow(Classes - 1);
            label = other < label ? other : other + 1;
        }
    }
}
