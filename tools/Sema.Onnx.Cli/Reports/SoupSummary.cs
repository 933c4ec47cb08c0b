using System.Globalization;
using System.Text.Json.Nodes;
using Sema.Onnx.Export;

namespace Sema.Onnx.Cli.Reports;

/// <summary>What averaging of models wrote and how everything it tried did.</summary>
internal static class SoupSummary
{
    internal static void Write(SoupReport report, TextWriter writer)
    {
        if (report.Trials.Count > 0)
        {
            var table = new PlainTable("average of", "loss", "accuracy", "<");
            foreach (var trial in report.Trials)
            {
                table.Add(Named(report, trial.Shares), Readable.Loss(trial.Result.Loss), trial.Result.Accuracy is { } share ? Readable.Percent(share, 2) : "-",
                    trial.Shares.SequenceEqual(report.Shares) ? "written" : "");
            }

            table.Write(writer);
        }

        writer.WriteLine($"wrote     {report.Path} ({Readable.Bytes(report.Size)})");
        writer.WriteLine($"average   {Named(report, report.Shares)}");
        writer.WriteLine($"changed   {Readable.Count(report.ChangedTensors, "tensor")}, {Readable.Bytes(report.ChangedBytes)}; all else is that of {report.Models[0]}, byte for byte");
    }

    internal static JsonObject Json(SoupReport report) => new()
    {
        ["path"] = report.Path,
        ["models"] = new JsonArray([.. report.Models.Select(m => (JsonNode)m)]),
        ["shares"] = Shares(report.Shares),
        ["changedTensors"] = report.ChangedTensors,
        ["changedBytes"] = report.ChangedBytes,
        ["size"] = report.Size,
        ["result"] = report.Result is null ? null : ResultJson.Of(report.Result),
        ["trials"] = new JsonArray([.. report.Trials.Select(t =>
        {
            var json = ResultJson.Of(t.Result);
            json.Insert(0, "shares", Shares(t.Shares));
            return (JsonNode)json;
        })]),
    };

    private static JsonArray Shares(IReadOnlyList<double> shares) => new([.. shares.Select(s => (JsonNode)s)]);

    // a.onnx + b.onnx where each has the same share, else 0.75 a.onnx + 0.25 b.onnx.
    private static string Named(SoupReport report, IReadOnlyList<double> shares)
    {
        var taken = report.Models.Zip(shares).Where(m => m.Second > 0).ToList();
        var even = taken.All(m => m.Second == taken[0].Second);
        return string.Join(" + ", taken.Select(m => (even ? "" : m.Second.ToString("0.###", CultureInfo.InvariantCulture) + " ") + Path.GetFileName(Path.TrimEndingDirectorySeparator(m.First))));
    }
}
