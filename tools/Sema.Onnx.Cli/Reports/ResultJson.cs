using System.Text.Json.Nodes;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Reports;

/// <summary>The results of training and evaluation as JSON.</summary>
internal static class ResultJson
{
    internal static JsonObject Of(EvaluationResult result)
    {
        var json = new JsonObject { ["loss"] = Finite(result.Loss) };
        foreach (var (name, value) in result.Measures)
            json[name] = Finite(value);
        json["samples"] = result.Samples;
        return json;
    }

    internal static JsonObject Of(TrainingResult result, string run, string model)
    {
        var best = result.Best is null ? null : Of(result.Best);
        best?.Insert(0, "epoch", result.BestEpoch);
        return new()
        {
            ["run"] = Path.GetFullPath(run),
            ["model"] = Path.GetFullPath(model),
            ["ended"] = result.Ended switch { RunEnd.Completed => "completed", RunEnd.StoppedEarly => "stopped early", _ => "interrupted" },
            ["epoch"] = result.Position.Epoch,
            ["epochs"] = result.Position.Epochs,
            ["step"] = result.Position.Step,
            ["steps"] = result.Position.Steps,
            ["start"] = result.Start is null ? null : Of(result.Start),
            ["final"] = new JsonObject(result.Final.Select(f => KeyValuePair.Create(f.Key, (JsonNode?)Of(f.Value)))),
            ["best"] = best,
            ["reached"] = new JsonObject(result.Reached.Select(r => KeyValuePair.Create(r.Key, (JsonNode?)r.Value))),
            ["timing"] = new JsonObject
            {
                ["gradients"] = result.Timing.Gradients.TotalSeconds,
                ["update"] = result.Timing.Update.TotalSeconds,
                ["data"] = result.Timing.Data.TotalSeconds,
                ["total"] = result.Timing.Total.TotalSeconds,
                ["overhead"] = result.Timing.Overhead,
            },
        };
    }

    // JSON has no NaN.
    private static JsonNode? Finite(double value) => double.IsFinite(value) ? value : null;
}
