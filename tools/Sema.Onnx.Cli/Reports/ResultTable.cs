using Sema.Onnx.Training;
using Spectre.Console;

namespace Sema.Onnx.Cli.Reports;

/// <summary>What a run came to: the start, each kind of weights at the end, the best epoch.</summary>
internal static class ResultTable
{
    internal static Table Of(TrainingResult result)
    {
        var table = Plain("weights", "loss", "accuracy");
        Add("start", result.Start);
        foreach (var (weights, evaluation) in result.Final)
            Add(weights, evaluation);
        Add($"best (epoch {result.BestEpoch})", result.Best);
        return table;

        void Add(string name, EvaluationResult? evaluation)
        {
            if (evaluation is not null)
                table.AddRow(Markup.Escape(name), Text.Loss(evaluation.Loss), evaluation.Accuracy is { } share ? Text.Percent(share, 2) : "-");
        }
    }

    /// <summary>Makes an empty table; all columns but the first are set to the right.</summary>
    internal static Table Plain(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var (i, column) in columns.Index())
            table.AddColumn(new TableColumn(column) { Alignment = i == 0 ? Justify.Left : Justify.Right, NoWrap = true });
        return table;
    }
}
