using Sema.Onnx.Data;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Patching;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli;

/// <summary>What a user is told of an exception: one sentence and an exit code, in one place for all commands.</summary>
/// <param name="Code">The exit code.</param>
/// <param name="Sentence">One line.</param>
internal sealed record Failure(int Code, string Sentence)
{
    internal static Failure Of(Exception exception) => exception switch
    {
        TrainingDivergedException or ExportException => new(ExitCode.Failed, Line(exception.Message)),
        OperationCanceledException => new(ExitCode.Interrupted, "Stopped."),
        UsageException or InvalidModelException or GradientNotDefinedException or DataException or RuntimeException or ModelPatchException
            or FormatException or IOException or UnauthorizedAccessException => new(ExitCode.BadInput, Line(exception.Message)),
        ArgumentException => new(ExitCode.BadInput, Line(WithoutParameter(exception.Message))),
        _ => new(ExitCode.Failed, $"Something went wrong that should not have ({exception.GetType().Name}): {Line(exception.Message)} Please report it with what --debug shows."),
    };

    // Messages of other libraries may span lines.
    private static string Line(string message)
    {
        var line = string.Join(' ', message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length == 0 || char.IsPunctuation(line[^1]) ? line : line + ".";
    }

    // .NET adds the name and the value of an argument; the sentence before them says it all.
    private static string WithoutParameter(string message)
    {
        var end = message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? message : message[..end];
    }
}
