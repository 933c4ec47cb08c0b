namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>What the schedule-free optimizers share: gradients are taken at y between the iterate z and its average x.</summary>
/// <remarks>Source: Defazio et al., <see href="https://arxiv.org/abs/2405.15682">arXiv:2405.15682</see>, equations 3 to 5 and algorithm 1. The weights are y. The
/// authors' code weighs the average by the largest rate so far, which is the same where rates do not fall.</remarks>
internal static class ScheduleFree
{
    internal const string Z = "z", X = "x", Share = "average_share";

    /// <summary>Moves the three by what z moves.</summary>
    /// <param name="x">What the update reads; the first two slots are z and x, which start as the weights.</param>
    /// <param name="move">What z moves, downhill.</param>
    /// <param name="beta">How much of y is x.</param>
    internal static (Value Y, Value Z, Value X) Move(OptimizerInputs x, Value move, double beta)
    {
        var first = x.Step.Equal(x.Step.Like(1));
        var z = first.Where(x.W, x.Slots[0]) - move;
        var average = first.Where(x.W, x.Slots[1]);
        average += x.Scalar(x.Scalars[0]) * (z - average);   // x ← (1 − c) x + c z
        return (average + (z - average) * (1 - beta), z, average);   // y = (1 − β) z + β x
    }

    /// <summary>The share of the new z in the average: c_t = γ_t² / Σ_{i≤t} γ_i², 1 while all rates were 0.</summary>
    internal static IEnumerable<IReadOnlyList<double>> Shares(Func<long, double> rate)
    {
        var sum = 0.0;
        for (long t = 1; ; t++)
        {
            var square = rate(t) * rate(t);
            sum += square;
            yield return [sum > 0 ? square / sum : 1];
        }
    }
}
