using Sema.Onnx.Export;

namespace Sema.Onnx.Cli.Reports;

/// <summary>What an export wrote and how it was proven, for people.</summary>
internal static class ExportSummary
{
    internal static void Write(RunExport export, TextWriter writer)
    {
        var report = export.Report;
        var noun = report.ProofInput == "data" ? "sample" : "random sample";
        writer.WriteLine($"wrote     {report.Path} ({Readable.Bytes(report.Size)})");
        writer.WriteLine($"weights   {export.Weights} of checkpoint {export.Checkpoint} (step {export.Step})");
        writer.WriteLine($"changed   {Readable.Count(report.ChangedTensors, "tensor")}, {Readable.Bytes(report.ChangedBytes)}"
            + (report.AddedTensors > 0 ? $"; {Readable.Count(report.AddedTensors, "tensor")} added" : "; all else is the original's, byte for byte"));
        writer.WriteLine($"proof     {Readable.Count(report.SamplesCompared, noun)} through the new file and the training graphs: outputs differ by at most "
            + $"{Readable.Scientific(report.MaxAbsoluteDifference)} ({Readable.Scientific(report.MaxRelativeDifference)} of the largest output, where {Readable.Scientific(report.Tolerance)} is allowed in {report.ProvenIn})"
            + (report.ProvenUpgraded ? "; ONNX Runtime cannot run the file's opset, so a copy at opset 21 was run in its place" : ""));
    }
}
