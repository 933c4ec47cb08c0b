using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Sema.Onnx.Artifacts;
using Sema.Onnx.Averaging;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;
using static Sema.Onnx.Benchmarks.Statistic;

namespace Sema.Onnx.Benchmarks;

/// <summary><c>average</c>: what each averaging strategy adds to a training step, measured side by side in one process.</summary>
internal static class AverageCommand
{
    private const int StepsOfAnEpoch = 100;

    private static readonly (string Name, AveragingStrategy Strategy)[] Kinds =
    [
        ("none", new NoAveraging()),
        ("EMA", new ExponentialMovingAverage(0.999)),
        ("Switch EMA, every epoch", new SwitchEma(new(0.999))),
        ("SWA", new StochasticWeightAveraging()),
        ("Polyak", new PolyakAveraging()),
        ("Lookahead", new Lookahead()),
        ("five strategies", new CombinedAveraging(new SwitchEma(new(0.999)), new StochasticWeightAveraging(), new LatestWeightAveraging(3), new PolyakAveraging(), new PostHocEma([0.1]))),
        ("five EMAs", new ExponentialMovingAverage([0.9, 0.99, 0.999, 0.9995, 0.9999])),
    ];

    internal static Command Create()
    {
        ModelArgument model = new();
        CountOption rounds = new("--rounds", "Steps that are measured.", 20);
        CountOption threads = new("--threads", "Threads.", 2);
        Command command = new("average", "Measures what averaging adds to a training step with AdamW.") { model, rounds, threads };
        command.SetAction(parsed => StepCommand.InFolder(folder => Measure(parsed.GetValue(model)!, folder, parsed.GetValue(rounds), parsed.GetValue(threads))));
        return command;
    }

    private static void Measure(string model, string folder, int rounds, int threads)
    {
        var (optimizer, shapes) = (new AdamW { WeightDecay = 0.01 }, Batches.Shapes(model, Batches.Size(model)));
        var engines = Kinds.Select((kind, i) =>
        {
            var path = Path.Combine(Directory.CreateDirectory(folder).FullName, $"{i}");
            ArtifactBuilder.Build(model, path, new() { Optimizer = optimizer, Averages = kind.Strategy.ShadowWeights.Count(s => s.EveryStep) }, shapes);
            return Engine.Open(path, optimizer, new SessionSettings { Threads = threads }, kind.Strategy.ShadowWeights, fresh: true);
        }).ToList();
        Batches.Fill(engines[0]);
        var gradients = new List<double>();
        var (inside, atEnd) = (Kinds.Select(_ => new List<double>()).ToArray(), Kinds.Select(_ => new List<double>()).ToArray());
        for (var round = -3; round < rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            engines[0].ComputeGradients();
            if (round >= 0)
                gradients.Add(Milliseconds(start, Stopwatch.GetTimestamp()));

            // None is always the first after the gradients.
            foreach (var (end, j) in Enumerable.Range(0, 2 * Kinds.Length).Select(i => (i >= Kinds.Length, i % Kinds.Length)))
            {
                var k = (j + round + 3) % Kinds.Length;
                var time = Update(engines[k], Kinds[k].Strategy, new((StepsOfAnEpoch * (round + 4)) + (end ? 0 : 1), round + 4, end));
                if (round >= 0)
                    (end ? atEnd : inside)[k].Add(time);
            }
        }

        var step = Median(gradients) + Median(inside[0]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A step without averaging takes {step:F1} ms. Paired with it in each of {rounds} rounds:\n"));
        Console.WriteLine("| averages | more in a step | more at an epoch's end |\n| --- | ---: | ---: |");
        for (var k = 1; k < Kinds.Length; k++)
        {
            var (more, last) = (Extra(inside, k), Extra(atEnd, k));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {Kinds[k].Name} | {more:F2} ms = {100 * more / step:F2} % | {last:F2} ms |"));
        }

        engines.ForEach(e => e.Dispose());
    }

    private static double Update(Engine engine, AveragingStrategy strategy, TrainingPosition at)
    {
        double[] decays = [.. strategy.ShadowWeights.Select((_, i) => strategy.Decay(i, at))];
        var start = Stopwatch.GetTimestamp();
        engine.Update(new(at.Step, 1e-3, 1, decays, []));
        if (strategy.SwitchAfter(at) is { } decision)
            engine.Switch(decision);
        return Milliseconds(start, Stopwatch.GetTimestamp());
    }

    private static double Extra(List<double>[] times, int kind) => Median(times[kind].Zip(times[0], (with, without) => with - without));
}
