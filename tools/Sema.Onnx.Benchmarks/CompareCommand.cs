using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using static Sema.Onnx.Benchmarks.Statistic;

namespace Sema.Onnx.Benchmarks;

/// <summary><c>compare</c>: steps of ours and of a peer in turns, each in a process of its own, and the ratios of what ran side by side.</summary>
internal static class CompareCommand
{
    internal static Command Create()
    {
        Argument<string> models = new("MODELS") { Description = "The folder of the .onnx files." };
        Option<string> peer = new("--peer") { Description = "The peer's command; a model's name is added, and its last line is JSON with ms and peak_mb.", Required = true };
        Option<string[]> names = new("--models") { Description = "The models' names.", DefaultValueFactory = _ => ["mlp", "cnn", "resnet18", "mobilenetv2", "vit", "gpt", "lstm", "resnet50"], AllowMultipleArgumentsPerToken = true };
        CountOption rounds = new("--rounds", "How often each is run.", 3);
        CountOption steps = new("--steps", "Steps that are measured in a run.", 20);
        Option<string?> lines = new("--out") { Description = "Takes every run's JSON line as well." };
        Command command = new("compare", "Runs ours and a peer in turns and prints the ratios.") { models, peer, names, rounds, steps, lines };
        command.SetAction(parsed =>
        {
            CheckModels(parsed.GetValue(models)!, parsed.GetValue(names)!);
            Console.WriteLine("| model | ours, ms | peer, ms | ours / peer | with EMA | peak memory, MB | ours / peer | GFLOP |");
            Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
            foreach (var name in parsed.GetValue(names)!)
                Compare(parsed.GetValue(models)!, name, parsed.GetValue(peer)!, parsed.GetValue(rounds), parsed.GetValue(steps), parsed.GetValue(lines));
        });
        return command;
    }

    // Before the first of them takes its minutes.
    private static void CheckModels(string folder, string[] names)
    {
        if (names.Where(name => !File.Exists(Path.Combine(folder, name + ".onnx"))).ToList() is { Count: > 0 } missing)
            throw new InvalidInputException($"The folder '{folder}' lacks {string.Join(", ", missing.Select(name => name + ".onnx"))}; --models names those to compare.");
    }

    private static void Compare(string folder, string name, string peer, int rounds, int steps, string? lines)
    {
        var results = new List<(Line Ours, Line Averaging, Line Peer)>();
        for (var round = 0; round < rounds; round++)
        {
            string[] ours = ["step", Path.Combine(folder, name + ".onnx"), "--steps", steps.ToString(CultureInfo.InvariantCulture), "--flops"];
            results.Add((Run(Environment.ProcessPath!, ours, lines), Run(Environment.ProcessPath!, [.. ours, "--ema", "0.999"], lines),
                Run("sh", ["-c", $"{peer} --steps {steps} {name}"], lines)));
        }

        // An average is at work in the update alone; gradients of two processes differ by more than it takes.
        var ratios = results.Select(r => r.Ours.Ms / r.Peer.Ms).Order().ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {name} | {Median(results.Select(r => r.Ours.Ms)):F1} | {Median(results.Select(r => r.Peer.Ms)):F1} "
            + $"| **{Median(ratios):F2}** ({ratios[0]:F2} to {ratios[^1]:F2}) | {100 * Median(results.Select(r => (r.Averaging.UpdateMs - r.Ours.UpdateMs) / r.Ours.Ms)):+0.0;-0.0} % "
            + $"| {Median(results.Select(r => r.Ours.PeakMb)):F0}, {Median(results.Select(r => r.Peer.PeakMb)):F0} "
            + $"| **{Median(results.Select(r => r.Ours.PeakMb / r.Peer.PeakMb)):F2}** | {results[0].Ours.Gflop:F1} |"));
    }

    private static Line Run(string program, IEnumerable<string> arguments, string? lines)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var last = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
        var command = $"'{program} {string.Join(' ', arguments)}'";
        if (process.ExitCode != 0 || last is null)
            throw new InvalidInputException($"{command} ended with exit code {process.ExitCode}{(last is null ? " and wrote nothing" : "")}.");
        if (lines is not null)
            File.AppendAllText(lines, last + "\n");
        return Parse(last) ?? throw new InvalidInputException($"The last line of {command} is no JSON object with numbers ms and peak_mb above 0: {last}");
    }

    private static Line? Parse(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            double Number(string name) =>
                json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number ? number.GetDouble() : 0;
            var parsed = new Line(Number("ms"), Number("update_ms"), Number("peak_mb"), Number("gflop"));
            return parsed is { Ms: > 0, PeakMb: > 0 } ? parsed : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Line(double Ms, double UpdateMs, double PeakMb, double Gflop);
}
