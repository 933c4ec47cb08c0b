using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Reports;

/// <summary>What a run came to: the start, each kind of weights at the end, the best epoch.</summary>
internal static class ResultTable
{
    /// <summary>Makes the table.</summary>
    /// <param name="result">What the run came to.</param>
    /// <param name="target">The accuracy aimed at, if there was one: a column says when each kind of weights had it.</param>
    internal static PlainTable Of(TrainingResult result, double? target)
    {
        (string Name, EvaluationResult? Evaluation)[] rows =
            [("start", result.Start), .. result.Final.Select(f => (f.Key, (EvaluationResult?)f.Value)), ($"best (epoch {result.BestEpoch})", result.Best)];
        string[] measures = [.. rows.Where(r => r.Evaluation is not null).SelectMany(r => Readable.Measures(r.Evaluation!)).Select(m => m.Name).Distinct().DefaultIfEmpty("accuracy")];
        var table = new PlainTable(["weights", "loss", .. measures, .. target is { } share ? [$"{Readable.Percent(share, 2)} at step"] : Array.Empty<string>()]);
        foreach (var (name, evaluation) in rows.Where(r => r.Evaluation is not null))
        {
            var values = Readable.Measures(evaluation!).ToDictionary(m => m.Name, m => m.Value);
            string[] reached = target is null ? [] : [result.Reached.TryGetValue(name, out var step) ? Readable.Number(step) : result.Final.ContainsKey(name) ? "never" : ""];
            table.Add([name, Readable.Loss(evaluation!.Loss), .. measures.Select(m => values.GetValueOrDefault(m, "-")), .. reached]);
        }

        return table;
    }
}
