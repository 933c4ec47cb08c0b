using System.Globalization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Reports;

/// <summary>Numbers as people read them.</summary>
internal static class Readable
{
    internal static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);

    internal static string Count(long count, string noun) => $"{Number(count)} {noun}{(count == 1 ? "" : "s")}";

    internal static string Loss(double loss) => Math.Abs(loss) is < 1e-3 or >= 1e4 && loss != 0
        ? loss.ToString("0.00e+0", CultureInfo.InvariantCulture)
        : loss.ToString("0.0000", CultureInfo.InvariantCulture);

    internal static string Percent(double share, int digits) => (100 * share).ToString("F" + digits, CultureInfo.InvariantCulture) + " %";

    internal static string Scientific(double value) => value == 0 ? "0" : value.ToString("0.0e+0", CultureInfo.InvariantCulture);

    internal static string Short(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    internal static string Time(TimeSpan time) =>
        time.TotalHours >= 1 ? $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}" : $"{time.Minutes}:{time.Seconds:00}";

    internal static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s";

    internal static string Bytes(long bytes) => bytes switch
    {
        < 1 << 10 => $"{bytes} B",
        < 1 << 20 => (bytes / 1024.0).ToString("0.0", CultureInfo.InvariantCulture) + " KiB",
        < 1L << 30 => (bytes / 1048576.0).ToString("0.0", CultureInfo.InvariantCulture) + " MiB",
        _ => (bytes / 1073741824.0).ToString("0.0", CultureInfo.InvariantCulture) + " GiB",
    };

    /// <summary>The measures of class targets, by short names; none for other targets.</summary>
    internal static IEnumerable<(string Name, string Value)> Measures(EvaluationResult result) => new (string Name, string? Value)[]
    {
        ("accuracy", result.Accuracy is { } accuracy ? Percent(accuracy, 2) : null),
        ($"top {result.TopK}", result.TopKAccuracy is { } top ? Percent(top, 2) : null),
        ("nll", result.NegativeLogLikelihood is { } nll ? Loss(nll) : null),
        ("ece", result.CalibrationError is { } ece ? Loss(ece) : null),
    }.Where(m => m.Value is not null).Select(m => (m.Name, m.Value!));

    /// <summary>The accuracy where there is one, else the loss.</summary>
    internal static string Judged(EvaluationResult result) => result.Accuracy is { } accuracy ? Percent(accuracy, 2) : Loss(result.Loss);
}
