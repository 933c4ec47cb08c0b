using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Benchmarks;

/// <summary><c>step</c>: the median time of a training step, its parts, and the peak memory; one JSON line, as the peer prints it.</summary>
internal static class StepCommand
{
    // The batch sizes that the peer trains its models with.
    private static readonly Dictionary<string, int> PeerBatch = new()
    {
        ["mlp"] = 128, ["cnn"] = 64, ["resnet18"] = 32, ["mobilenetv2"] = 16, ["vit"] = 32, ["gpt"] = 8, ["lstm"] = 20, ["resnet50"] = 8,
    };

    internal static Command Create()
    {
        Argument<string> model = new("MODEL") { Description = "The .onnx file." };
        Option<int?> batch = new("--batch") { Description = "Samples in a batch; by default as many as the peer's, or 8." };
        Option<double?> ema = new("--ema") { Description = "Keeps an average of the weights with this decay." };
        Option<int> steps = new("--steps") { Description = "Steps that are measured.", DefaultValueFactory = _ => 20 };
        Option<int> warmup = new("--warmup") { Description = "Steps before them.", DefaultValueFactory = _ => 5 };
        Option<int> threads = new("--threads") { Description = "Threads.", DefaultValueFactory = _ => 2 };
        Option<string> norm = new("--bn") { Description = "Batch normalisation: train or frozen.", DefaultValueFactory = _ => "train" };
        Option<string> kernels = new("--kernels") { Description = "Whether kernels in C# run: on or off.", DefaultValueFactory = _ => "on" };
        Option<string?> profile = new("--profile") { Description = "Writes ONNX Runtime's profile to files that begin so." };
        norm.AcceptOnlyFromAmong("train", "frozen");
        kernels.AcceptOnlyFromAmong("on", "off");
        Command command = new("step", "Measures a training step with AdamW.") { model, batch, ema, steps, warmup, threads, norm, kernels, profile };
        command.SetAction(parsed =>
        {
            var path = parsed.GetValue(model)!;
            var name = Path.GetFileNameWithoutExtension(path);
            var settings = new SessionSettings { Threads = parsed.GetValue(threads), Kernels = parsed.GetValue(kernels) == "on", Profile = parsed.GetValue(profile) };
            var options = new CompositionOptions
            {
                Optimizer = new AdamW { WeightDecay = 0.01 },
                Averages = parsed.GetValue(ema) is null ? 0 : 1,
                BatchNormalization = parsed.GetValue(norm) == "train" ? BatchNormalizationMode.Train : BatchNormalizationMode.Frozen,
            };
            Measure(path, name, parsed.GetValue(batch) ?? PeerBatch.GetValueOrDefault(name, 8), options, settings,
                parsed.GetValue(ema), parsed.GetValue(warmup), parsed.GetValue(steps));
        });
        return command;
    }

    private static void Measure(string path, string name, int batch, CompositionOptions options, SessionSettings settings, double? ema, int warmup, int steps)
    {
        var folder = Directory.CreateTempSubdirectory("sema-step-").FullName;
        try
        {
            var artifacts = Path.Combine(folder, "artifacts");
            ArtifactBuilder.Build(path, artifacts, options, Shapes(path, batch));
            using var engine = Engine.Open(artifacts, options.Optimizer, settings, fresh: true);
            Fill(engine, new Random(0));
            var (whole, gradients, update) = (new double[steps], new double[steps], new double[steps]);
            float loss = 0;
            for (var i = -warmup; i < steps; i++)
            {
                var start = Stopwatch.GetTimestamp();
                loss = engine.ComputeGradients().Loss;
                var computed = Stopwatch.GetTimestamp();
                engine.Update(new(i + warmup + 1, 1e-3, 1, ema is { } decay ? [decay] : [], []));
                var end = Stopwatch.GetTimestamp();
                if (i < 0)
                    continue;
                (whole[i], gradients[i], update[i]) = (Milliseconds(start, end), Milliseconds(start, computed), Milliseconds(computed, end));
            }

            Console.WriteLine(JsonSerializer.Serialize(new
            {
                engine = "sema",
                model = name,
                batch,
                ema,
                ms = Median(whole),
                gradients_ms = Median(gradients),
                update_ms = Median(update),
                loss = Math.Round(loss, 5),
                peak_mb = Process.GetCurrentProcess().PeakWorkingSet64 >> 20,
            }));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Every axis that the model leaves open has the batch's size.
    private static Dictionary<string, IReadOnlyList<long>> Shapes(string path, int batch) => Composer.Inputs(ModelReader.Read(path).Graph)
        .ToDictionary(v => v.Name, v => (IReadOnlyList<long>)[.. v.Shape!.Select(d => d.IsKnown ? d.Size : batch)]);

    // Floats are normal; integers are classes, or tokens of as large a vocabulary.
    private static void Fill(Engine engine, Random random)
    {
        var classes = engine.Classes;
        foreach (var input in engine.Manifest.Inputs)
            Fill(engine.Inputs[input.Name], input.Type, classes, random);
        Fill(engine.Target, engine.Manifest.Target.Type, classes, random);
    }

    private static void Fill(Span<byte> bytes, ElementType type, int classes, Random random)
    {
        if (type == ElementType.Int64)
        {
            foreach (ref var value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(bytes))
                value = random.Next(classes);
        }
        else
        {
            foreach (ref var value in System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes))
                value = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
    }

    private static double Milliseconds(long start, long end) => Stopwatch.GetElapsedTime(start, end).TotalMilliseconds;

    private static double Median(double[] times) => Math.Round(times.Order().ElementAt(times.Length / 2), 3);
}
