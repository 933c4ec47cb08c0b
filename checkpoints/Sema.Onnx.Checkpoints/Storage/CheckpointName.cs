using System.Globalization;

namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>Names of checkpoints, which are names of folders: <c>step-000000123</c>, or a word such as
/// <c>best</c>.</summary>
internal static class CheckpointName
{
    internal const string Rule =
        "a lower-case letter or digit, then up to 63 of those, '-' and '_'; it cannot begin with 'step-'";

    private const string StepPrefix = "step-";
    private const int MaxLength = 64;

    internal static string OfStep(long step) => string.Create(CultureInfo.InvariantCulture, $"{StepPrefix}{step:D9}");

    internal static bool TryGetStep(string name, out long step)
    {
        step = -1;
        return name.StartsWith(StepPrefix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(StepPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out step)
            && name == OfStep(step);
    }

    internal static bool IsWord(string name) =>
        name.Length is > 0 and <= MaxLength
        && !name.StartsWith(StepPrefix, StringComparison.Ordinal)
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');

    internal static bool IsValid(string name) => TryGetStep(name, out _) || IsWord(name);
}
