using System.Diagnostics;
using Sema.Onnx.Verification;

namespace Sema.Onnx.Cli.Reports;

/// <summary>Shows a check of gradients: a line while it runs (a live one, or a new one now and then where no terminal shows it), then the largest errors.</summary>
internal sealed class GradientCheckView : IProgress<GradientCheckProgress>
{
    private const int Most = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Terminal _terminal;

    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();

    private GradientCheckView(Terminal terminal) => _terminal = terminal;

    /// <summary>Runs a check, with its progress on standard error.</summary>
    internal static GradientCheckReport Run(Terminal terminal, Func<IProgress<GradientCheckProgress>, GradientCheckReport> check)
    {
        try
        {
            return check(new GradientCheckView(terminal));
        }
        finally
        {
            if (terminal.ErrorIsLive)
                terminal.Error.Write("\r\e[K");
        }
    }

    /// <inheritdoc/>
    public void Report(GradientCheckProgress value)
    {
        var line = $"parameter {value.Done}/{value.Of}{(value.Draw > 1 ? $", on inputs drawn anew ({value.Draw})" : "")}";
        if (_terminal.ErrorIsLive)
            _terminal.Error.Write($"\r\e[K{line}");
        else if (_sinceLine.Elapsed > Pause)
        {
            _terminal.Error.WriteLine(line);
            _sinceLine.Restart();
        }
    }

    /// <summary>Writes the largest errors and the verdict.</summary>
    internal static void Write(GradientCheckReport report, TextWriter writer)
    {
        writer.WriteLine(report.Model);
        foreach (var input in report.Inputs)
            writer.WriteLine($"  input  {input.Name}  {input.Type} [{string.Join(", ", input.Shape)}]{(input.Declared is { } declared ? $" (declared {declared})" : "")}, {input.Range}");
        writer.WriteLine($"  loss   {Readable.Loss(report.Loss)}, a random projection of {string.Join(", ", report.Terms)}");

        var both = report.Float32Worst is not null;
        var table = both ? new PlainTable("parameter", "shape", "‖gradient‖", "⟨g, v⟩", "difference", report.Precision, "float32")
            : new PlainTable("parameter", "shape", "‖gradient‖", "⟨g, v⟩", "difference", report.Precision);
        foreach (var p in report.Parameters.OrderByDescending(p => Math.Max(p.RelativeError / report.Tolerance, (p.Float32RelativeError ?? 0) / (report.Float32Tolerance ?? 1))).Take(Most))
        {
            string[] cells = [p.Name, string.Join('×', p.Shape), Readable.Scientific(p.GradientNorm), Readable.Scientific(p.Directional),
                Readable.Scientific(p.Difference), Readable.Scientific(p.RelativeError)];
            table.Add(both ? [.. cells, Readable.Scientific(p.Float32RelativeError ?? 0)] : cells);
        }

        table.Write(writer);
        if (report.Parameters.Count > Most)
            writer.WriteLine($"The {Most} largest relative errors of {Readable.Count(report.Parameters.Count, "parameter")}.");
        if (report.Float64Refused is { } refused)
            writer.WriteLine($"In float32 alone, as the model cannot be computed in float64: {refused}");
        writer.WriteLine($"{report.Model}: {Verdict(report)}");
    }

    private static string Verdict(GradientCheckReport report) =>
        $"{(report.Passed ? "gradients agree with differences" : "GRADIENTS DIFFER FROM DIFFERENCES")}, {report.Precision} within {Readable.Scientific(report.Worst.RelativeError)}"
        + (report.Float32Worst is { } single ? $", float32 within {Readable.Scientific(single.RelativeError)}" : "");
}
