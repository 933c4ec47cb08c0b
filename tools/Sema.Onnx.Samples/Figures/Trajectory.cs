using Sema.Onnx.Averaging;

namespace Sema.Onnx.Samples.Figures;

/// <summary>One weight on its way down w² under noisy gradients, and what a strategy makes of it, step by step as the training loop does.</summary>
internal sealed class Trajectory
{
    internal const int Steps = 120, PerEpoch = 10;

    private const double Start = 3, Rate = 0.08, Momentum = 0.3, Noise = 3;

    private readonly AveragingStrategy _strategy;
    private readonly double[] _shadows;

    /// <summary>Follows the weight to the end of the run.</summary>
    /// <param name="strategy">The strategy.</param>
    /// <param name="seed">Where the noise starts; the same for all figures that are to be compared.</param>
    internal Trajectory(AveragingStrategy strategy, int seed = 11)
    {
        _strategy = strategy;
        _shadows = [.. strategy.ShadowWeights.Select(_ => Start)];
        Averages = [.. strategy.Averages.Select(_ => new List<(double, double)> { (0, Start) })];
        Weights.Add((0, Start));
        var (w, velocity, random) = (Start, 0.0, new Random(seed));
        for (var step = 1; step <= Steps; step++)
        {
            velocity = (Momentum * velocity) + (2 * w) + (Noise * Normal(random));
            w -= Rate * velocity;
            Weights.Add((step, w));
            var at = new TrainingPosition(step, ((step - 1) / PerEpoch) + 1, step % PerEpoch == 0);
            After(at, ref w, ref velocity);
        }
    }

    /// <summary>Gets the weight after each step; where it was switched, twice.</summary>
    internal List<(double Step, double Value)> Weights { get; } = [];

    /// <summary>Gets where the weight stood right after each switch.</summary>
    internal List<(double Step, double Value)> Switches { get; } = [];

    /// <summary>Gets each average after each step.</summary>
    internal IReadOnlyList<List<(double Step, double Value)>> Averages { get; }

    /// <summary>Gets the shadows that were put on record, with their steps.</summary>
    internal List<(long Step, double[] Shadows)> Records { get; } = [];

    private void After(TrainingPosition at, ref double w, ref double velocity)
    {
        for (var k = 0; k < _shadows.Length; k++)
        {
            var decay = _strategy.Decay(k, at);
            _shadows[k] = (decay * _shadows[k]) + ((1 - decay) * w);
        }

        for (var k = 0; k < Averages.Count; k++)
        {
            // What seldom moves stands still until it does.
            var portions = _strategy.Mixture(k, at);
            var value = portions.Sum(p => p.Share * _shadows[p.Shadow]);
            if (value != Averages[k][^1].Value && portions.All(p => !_strategy.ShadowWeights[p.Shadow].EveryStep))
                Averages[k].Add((at.Step, Averages[k][^1].Value));
            Averages[k].Add((at.Step, value));
        }

        if (_strategy.RecordAfter(at))
            Records.Add((at.Step, [.. _shadows]));
        if (_strategy.SwitchAfter(at) is not { } decision)
            return;
        w = (decision.Keep * w) + ((1 - decision.Keep) * _shadows[decision.Shadow]);
        velocity = decision.ClearOptimizer ? 0 : velocity;
        Weights.Add((at.Step, w));
        Switches.Add((at.Step, w));
    }

    // Twelve uniform numbers add up to variance 1, by sums alone, so every machine draws the same picture.
    private static double Normal(Random random) => Enumerable.Range(0, 12).Sum(_ => random.NextDouble()) - 6;
}
