namespace Sema.Onnx.Averaging;

/// <summary>Every strategy with its definition, written out in float64 for one weight over 50 steps, 5 of them an epoch.</summary>
/// <remarks>A reference moves the weight to the end of the run and returns the averages.</remarks>
internal static class StrategyReferences
{
    internal const int Steps = 50, PerEpoch = 5;

    internal static readonly Dictionary<string, (AveragingStrategy Strategy, Func<Descent, double[]> Definition)> All = new()
    {
        ["none"] = (new NoAveraging(), w => Run(w, _ => { })),
        ["ema"] = (new ExponentialMovingAverage([0.9, 0.99]), w =>
        {
            double a = w.W, b = w.W;
            Run(w, _ => (a, b) = ((0.9 * a) + (0.1 * w.W), (0.99 * b) + (0.01 * w.W)));
            return [a, b];
        }
        ),
        ["ema, every third step, warmed up"] = (new ExponentialMovingAverage(0.9, new RationalWarmup(), 3), w =>
        {
            var e = w.W;
            Run(w, t =>
            {
                var d = Math.Pow(Math.Min(0.9, (1.0 + t) / (10 + t)), 3);
                e = t % 3 == 0 ? (d * e) + ((1 - d) * w.W) : e;
            });
            return [e];
        }
        ),
        ["ema, bias-corrected"] = (new ExponentialMovingAverage(0.9, new BiasCorrection()), w =>
        {
            double sum = 0, t50 = Steps;
            Run(w, _ => sum = (0.9 * sum) + (0.1 * w.W));
            return [sum / (1 - Math.Pow(0.9, t50))];
        }
        ),
        ["sema"] = (new SwitchEma(new(0.9), every: 2), w =>
        {
            var e = w.W;
            Run(w, t =>
            {
                e = (0.9 * e) + (0.1 * w.W);
                w.W = t % (2 * PerEpoch) == 0 ? e : w.W;
            });
            return [e];
        }
        ),
        ["sema, partly, in steps"] = (new SwitchEma(new(0.9), 7, IntervalUnit.Steps, start: 8, end: 30, keep: 0.25), w =>
        {
            var e = w.W;
            Run(w, t =>
            {
                e = (0.9 * e) + (0.1 * w.W);
                w.W = t is 14 or 21 or 28 ? (0.25 * w.W) + (0.75 * e) : w.W;
            });
            return [e];
        }
        ),
        ["swa"] = (new StochasticWeightAveraging(start: 3, every: 2), w => [Mean(w, [15, 25, 35, 45])]),
        ["swa, in steps"] = (new StochasticWeightAveraging(start: 11, every: 4, IntervalUnit.Steps), w => [Mean(w, Enumerable.Range(11, 40).Where(t => (t - 11) % 4 == 0))]),
        ["polyak"] = (new PolyakAveraging(start: 6), w => [Mean(w, Enumerable.Range(6, 45))]),
        ["lawa"] = (new LatestWeightAveraging(3), w => [Mean(w, [40, 45, 50])]),
        ["lawa, in steps, more than there are"] = (new LatestWeightAveraging(4, 20, IntervalUnit.Steps), w => [Mean(w, [20, 40])]),
        ["lookahead"] = (new Lookahead(6, 0.3), w =>
        {
            var e = w.W;
            Run(w, t =>
            {
                if (t % 6 == 0)
                    w.W = e += 0.3 * (w.W - e);
            });
            return [e];
        }
        ),
        ["pswa"] = (new PeriodicSwa(period: 3, start: 2), w => [Stages(w, ends: [4, 7, 10])]),
        ["dswa"] = (new PeriodicSwa(period: 3, start: 2, stages: 2), w => [Stages(w, ends: [4])]),
        ["tswa"] = (new PeriodicSwa(period: 2, start: 3, stages: 3), w => [Stages(w, ends: [4, 6], start: 3)]),
        ["pswa, in steps"] = (new PeriodicSwa(period: 20, start: 1, unit: IntervalUnit.Steps), w => [Stages(w, ends: [20, 40], start: 1, perEpoch: 1)]),
        ["posthoc"] = (new PostHocEma([Math.Sqrt(3.0 / 80)]), w =>
        {
            // γ = 2: σ² = (γ + 1) / ((γ + 2)² (γ + 3)) = 3/80
            var e = w.W;
            Run(w, t => e += (1 - Math.Pow(1 - (1.0 / t), 3)) * (w.W - e));
            return [e];
        }
        ),
        ["several"] = (new CombinedAveraging(new LatestWeightAveraging(2), new SwitchEma(new(0.9)), new PolyakAveraging()), w =>
        {
            double e = w.W, sum = 0;
            List<double> ends = [];
            Run(w, t =>
            {
                e = (0.9 * e) + (0.1 * w.W);
                sum += w.W;
                if (t % PerEpoch != 0)
                    return;
                ends.Add(w.W);
                w.W = e;
            });
            return [(ends[^1] + ends[^2]) / 2, e, sum / Steps];
        }
        ),
    };

    private static double[] Run(Descent w, Action<int> after)
    {
        for (var t = 1; t <= Steps; t++)
        {
            w.Next();
            after(t);
        }

        return [];
    }

    private static double Mean(Descent w, IEnumerable<int> steps)
    {
        var (counted, values) = (steps.ToHashSet(), new List<double>());
        Run(w, t =>
        {
            if (counted.Contains(t))
                values.Add(w.W);
        });
        return values.Average();
    }

    // Means of the epochs' ends since the last stage; at the end of a stage the mean becomes the weight and the momentum is gone.
    private static double Stages(Descent w, int[] ends, int start = 2, int perEpoch = PerEpoch)
    {
        List<double> values = [];
        var mean = 0.0;
        Run(w, t =>
        {
            if (t % perEpoch != 0 || t / perEpoch < start)
                return;
            values.Add(w.W);
            mean = values.Average();
            if (!ends.Contains(t / perEpoch))
                return;
            (w.W, w.Velocity) = (mean, 0);
            values.Clear();
        });
        return mean;
    }
}
