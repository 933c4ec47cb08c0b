using Sema.Onnx.Inspection;

namespace Sema.Onnx.Cli.Reports;

/// <summary>What a model is and what of it can be trained, for people.</summary>
internal static class InspectionSummary
{
    internal static void Write(ModelReport report, TextWriter writer)
    {
        writer.WriteLine(report.File);
        writer.WriteLine($"  format   opset {string.Join(", ", report.Opsets.Select(o => o.Key == "ai.onnx" ? $"{o.Value}" : $"{o.Key} {o.Value}"))}; IR version {report.IrVersion}"
            + (report.Producer.Length > 0 ? $"; written by {report.Producer}" : ""));
        foreach (var input in report.Inputs)
            writer.WriteLine($"  input    {Described(input)}");
        foreach (var output in report.Outputs)
            writer.WriteLine($"  output   {Described(output)}");
        writer.WriteLine($"  weights  {Readable.Number(report.Totals.Parameters)} elements ({Readable.Bytes(report.Totals.Bytes)}), of which {Readable.Number(report.Totals.Trained)} would be trained");

        var operators = new PlainTable("operator", "count", "gradient<");
        foreach (var op in report.Operators)
            operators.Add(op.Name, Readable.Number(op.Count), op.Gradient switch { "none" => "none needed", "missing" => "NO", _ => "yes" });
        operators.Write(writer);

        var weights = new PlainTable("weights", "tensors", "elements", "which<");
        foreach (var group in report.Constants.GroupBy(c => (c.Verdict, c.Reason)).OrderByDescending(g => g.Key.Verdict == "trained").ThenByDescending(g => g.Sum(c => c.Count)))
            weights.Add(group.Key.Verdict, Readable.Number(group.Count()), Readable.Number(group.Sum(c => c.Count)), Why(group.Key.Reason, [.. group]));
        weights.Write(writer, below: true);

        GroupTable.Write(report.Groups, writer);
        foreach (var note in report.Notes)
            writer.WriteLine($"Note: {note}");
        if (report.Trainable)
            writer.WriteLine($"Nothing stops training. Next: sema train {report.File} --data SPEC --out run");
        else
            writer.WriteLine("It cannot be trained as asked:");
        foreach (var obstacle in report.Obstacles)
            writer.WriteLine($"  - {obstacle.Message}");
    }

    private static string Described(ValueReport value) =>
        $"{value.Name}  {value.Type} {(value.Shape is null ? "(no shape)" : $"[{string.Join(", ", value.Shape)}]")}";

    // A few names say more than a number.
    private static string Why(string reason, IReadOnlyList<ConstantReport> constants)
    {
        const int Few = 2;
        var names = string.Join(", ", constants.Take(Few).Select(c => c.Name)) + (constants.Count > Few ? ", ..." : "");
        return reason == "weight" ? names : $"{reason}: {names}";
    }
}
