using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;
using static Sema.Onnx.Benchmarks.Statistic;

namespace Sema.Onnx.Benchmarks;

/// <summary><c>step</c>: the median time of a training step, its parts, and the peak memory; one JSON line, as the peer prints it.</summary>
internal static class StepCommand
{
    // .NET compiles what runs often once more while it runs, in the first second or two.
    private const double Settled = 2000;

    internal static Command Create()
    {
        ModelArgument model = new();
        CountOption batch = new("--batch", "Samples in a batch; by default (0) as many as the peer's, or 8.", 0, least: 0);
        Option<double?> ema = new("--ema") { Description = "Keeps an average of the weights with this decay." };
        CountOption steps = new("--steps", "Steps that are measured.", 20);
        CountOption warmup = new("--warmup", "Steps before them, and two seconds at least.", 5, least: 0);
        CountOption threads = new("--threads", "Threads.", 2);
        Option<string> norm = new("--bn") { Description = "Batch normalisation: train or frozen.", DefaultValueFactory = _ => "train" };
        Option<string> kernels = new("--kernels") { Description = "Whether kernels in C# run: on or off.", DefaultValueFactory = _ => "on" };
        Option<string?> profile = new("--profile") { Description = "Writes ONNX Runtime's profile of the gradients to a file that begins so." };
        Option<bool> recompute = new("--recompute") { Description = "Computes cheap activations again for the backward half." };
        Option<bool> flops = new("--flops") { Description = "Counts the floating-point operations of products and convolutions, in 10^9." };
        ema.Validators.Add(given =>
        {
            if (given.Tokens.Count > 0 && double.TryParse(given.Tokens[0].Value, CultureInfo.InvariantCulture, out var decay) && decay is not (>= 0 and < 1))
                given.AddError($"--ema is {given.Tokens[0].Value}, and a decay lies from 0 up to, but not at, 1.");
        });
        norm.AcceptOnlyFromAmong("train", "frozen");
        kernels.AcceptOnlyFromAmong("on", "off");
        Command command = new("step", "Measures a training step with AdamW.") { model, batch, ema, steps, warmup, threads, norm, kernels, profile, recompute, flops };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(model)!;
            var options = new CompositionOptions
            {
                Optimizer = new AdamW { WeightDecay = 0.01 },
                Averages = parsed.GetValue(ema) is null ? 0 : 1,
                BatchNormalization = parsed.GetValue(norm) == "train" ? BatchNormalizationMode.Train : BatchNormalizationMode.Frozen,
                Recompute = parsed.GetValue(recompute),
            };
            var settings = new SessionSettings { Threads = parsed.GetValue(threads), Kernels = parsed.GetValue(kernels) == "on", Profile = parsed.GetValue(profile) };
            var size = parsed.GetValue(batch) is > 0 and var given ? given : Batches.Size(path);
            InFolder(folder =>
            {
                ArtifactBuilder.Build(path, folder, options, Batches.Shapes(path, size));
                double? gflop = parsed.GetValue(flops) ? Math.Round(Flops.Of(Path.Combine(folder, ArtifactFolder.Training)) / 1e9, 3) : null;
                using var engine = Engine.Open(folder, options.Optimizer, settings, fresh: true);
                Measure(engine, Path.GetFileNameWithoutExtension(path), size, parsed.GetValue(ema), parsed.GetValue(warmup), parsed.GetValue(steps), gflop);
            });
        });
        return command;
    }

    /// <summary>Gives a new folder to some work, and removes it.</summary>
    internal static void InFolder(Action<string> work)
    {
        var folder = Directory.CreateTempSubdirectory("sema-benchmark-").FullName;
        try
        {
            work(Path.Combine(folder, "artifacts"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(Engine engine, string model, int batch, double? ema, int warmup, int steps, double? gflop)
    {
        Batches.Fill(engine);
        List<double> gradients = [], update = [];
        float loss = 0;
        var begin = Stopwatch.GetTimestamp();
        for (var step = 1; gradients.Count < steps; step++)
        {
            var start = Stopwatch.GetTimestamp();
            loss = engine.ComputeGradients().Loss;
            var computed = Stopwatch.GetTimestamp();
            engine.Update(new(step, 1e-3, 1, ema is { } decay ? [decay] : [], []));
            var end = Stopwatch.GetTimestamp();
            if (step <= warmup || Milliseconds(begin, start) < Settled)
                continue;
            gradients.Add(Milliseconds(start, computed));
            update.Add(Milliseconds(computed, end));
        }

        Console.WriteLine(JsonSerializer.Serialize(new
        {
            engine = "sema",
            model,
            batch,
            ema,
            ms = Math.Round(Median(gradients.Zip(update, (g, u) => g + u)), 3),
            gradients_ms = Math.Round(Median(gradients), 3),
            update_ms = Math.Round(Median(update), 3),
            loss = Math.Round(loss, 5),
            peak_mb = Process.GetCurrentProcess().PeakWorkingSet64 >> 20,
            gflop,
        }));
    }
}
