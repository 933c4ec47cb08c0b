using Sema.Onnx.Averaging;

namespace Sema.Onnx.Samples.Figures;

/// <summary>A picture of each averaging strategy at work on one weight.</summary>
internal static class StrategyFigures
{
    private const string Grey = "#8b949e", Orange = "#e8590c";

    private static readonly string[] Colors = ["#2f81f7", "#2da44e", "#a371f7", "#d4a017"];

    /// <summary>Gets the pictures by file name: the title, and the strategies with a label for each of their averages.</summary>
    internal static readonly IReadOnlyDictionary<string, (string Title, (AveragingStrategy Strategy, string[] Labels)[] Drawn)> All =
        new Dictionary<string, (string, (AveragingStrategy, string[])[])>
        {
            ["ema"] = ("Two exponential moving averages follow a noisy weight.", [(new ExponentialMovingAverage([0.8, 0.95]), ["EMA 0.8", "EMA 0.95"])]),
            ["ema-warmup"] = ("The same average with and without a warm-up.",
            [
                (new ExponentialMovingAverage(0.97), ["EMA 0.97, none"]),
                (new ExponentialMovingAverage(0.97, new RationalWarmup()), ["rational"]),
                (new ExponentialMovingAverage(0.97, new LinearWarmup(0.5, 60)), ["linear:0.5:60"]),
                (new ExponentialMovingAverage(0.97, new BiasCorrection()), ["bias-corrected"]),
            ]),
            ["sema"] = ("Switch EMA puts its average into the weight at every epoch's end.", [(new SwitchEma(new(0.9)), ["EMA 0.9"])]),
            ["sema-partial"] = ("A partial switch keeps half of the weight.", [(new SwitchEma(new(0.9), keep: 0.5), ["EMA 0.9, half switched"])]),
            ["swa"] = ("SWA from epoch 4 on: the mean of the weights at the epochs' ends.", [(new StochasticWeightAveraging(start: 4), ["SWA from epoch 4"])]),
            ["pswa"] = ("Periodic SWA: every third epoch from epoch 4 on, the mean becomes the weight and starts afresh.", [(new PeriodicSwa(period: 3, start: 4), ["periodic SWA"])]),
            ["dswa"] = ("Double SWA: the second mean starts from the first.", [(new PeriodicSwa(period: 4, start: 4, stages: 2), ["double SWA"])]),
            ["tswa"] = ("Triple SWA: three means, each from the one before.", [(new PeriodicSwa(period: 3, start: 4, stages: 3), ["triple SWA"])]),
            ["lawa"] = ("LAWA: the mean of the weights at the last three epochs' ends.", [(new LatestWeightAveraging(3), ["LAWA of 3"])]),
            ["lookahead"] = ("Lookahead: every 5 steps the slow weight goes half of the way to the fast one, which starts again from there.", [(new Lookahead(), ["slow weight"])]),
            ["polyak"] = ("Polyak averaging: the mean of the weights after all steps, from step 1 and from step 41 on.",
                [(new PolyakAveraging(), ["from step 1"]), (new PolyakAveraging(41), ["from step 41"])]),
            ["posthoc"] = ("Power-function averages of widths 0.05 and 0.1, and one of width 0.2 made of their records.", [(new PostHocEma(), ["width 0.05", "width 0.1"])]),
            ["several"] = ("Four averages of one trajectory, side by side in one run.",
                [(new CombinedAveraging(new ExponentialMovingAverage(0.9), new StochasticWeightAveraging(4), new LatestWeightAveraging(3), new PolyakAveraging()), ["EMA 0.9", "SWA from 4", "LAWA of 3", "Polyak"])]),
        };

    /// <summary>Draws a picture.</summary>
    /// <param name="name">Its name among <see cref="All"/>, or <c>soup</c>.</param>
    internal static string Draw(string name)
    {
        if (name == Soup)
            return DrawSoup();
        var (title, drawn) = All[name];
        List<(Trajectory Run, string[] Labels)> runs = [.. drawn.Select(d => (new Trajectory(d.Strategy), d.Labels))];
        List<Curve> curves = [new("weight", Grey, 1.2, runs[0].Run.Weights)];
        foreach (var (average, label) in runs.SelectMany(r => r.Run.Averages.Zip(r.Labels)))
            curves.Add(new(label, Colors[curves.Count - 1], 2.6, average));
        if (drawn[0].Strategy is PostHocEma powers)
            curves.Add(new("width 0.2, made afterwards", Colors[2], 2.6, Synthesized(powers, runs[0].Run, 0.2)));
        if (runs[0].Run.Switches.Count > 0)
            curves.Add(new("switch", Orange, 0, runs[0].Run.Switches));
        return new Chart(title, curves).Draw();
    }

    /// <summary>The name of the picture of a soup, which is no strategy of a run.</summary>
    internal const string Soup = "soup";

    // Three runs from one start, and the mean of their ends.
    private static string DrawSoup()
    {
        Trajectory[] runs = [.. Enumerable.Range(11, 3).Select(seed => new Trajectory(new NoAveraging(), seed))];
        var ends = runs.Select(r => r.Weights[^1]).ToList();
        return new Chart("A uniform soup of three runs from one start: the mean of their ends.",
        [
            .. runs.Select((run, i) => new Curve($"run {i + 1}", i == 0 ? Grey : Colors[i], 1.2, run.Weights)),
            new("ends", Grey, 0, ends),
            new("soup", Orange, 0, [(Trajectory.Steps, ends.Average(e => e.Value))]),
        ]).Draw();
    }

    // What could be made at each record of those until then.
    private static List<(double Step, double Value)> Synthesized(PostHocEma powers, Trajectory run, double width)
    {
        List<(double, double)> points = [];
        List<(PowerProfile Profile, double Value)> recorded = [];
        foreach (var (step, shadows) in run.Records)
        {
            recorded.AddRange(powers.Widths.Zip(shadows, (w, value) => (new PowerProfile(step, PostHocEma.Power(w)), value)));
            var shares = PowerProfiles.Shares([.. recorded.Select(r => r.Profile)], new(step, PostHocEma.Power(width)));
            points.Add((step, recorded.Zip(shares, (r, share) => r.Value * share).Sum()));
        }

        return points;
    }
}
