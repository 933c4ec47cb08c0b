using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Reports;

/// <summary>What a run came to: the start, each kind of weights at the end, the best epoch.</summary>
internal static class ResultTable
{
    internal static PlainTable Of(TrainingResult result)
    {
        var table = new PlainTable("weights", "loss", "accuracy");
        Add("start", result.Start);
        foreach (var (weights, evaluation) in result.Final)
            Add(weights, evaluation);
        Add($"best (epoch {result.BestEpoch})", result.Best);
        return table;

        void Add(string name, EvaluationResult? evaluation)
        {
            if (evaluation is not null)
                table.Add(name, Readable.Loss(evaluation.Loss), evaluation.Accuracy is { } share ? Readable.Percent(share, 2) : "-");
        }
    }
}
