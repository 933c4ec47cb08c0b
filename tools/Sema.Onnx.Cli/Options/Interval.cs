using System.Globalization;
using Sema.Onnx.Averaging;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>How often something happens, as <c>3epochs</c> or <c>500steps</c>.</summary>
/// <param name="Count">At least 1.</param>
/// <param name="InSteps">Whether it counts optimizer steps; else epochs.</param>
internal readonly record struct Interval(long Count, bool InSteps)
{
    /// <summary>Gets what it counts.</summary>
    internal IntervalUnit Unit => InSteps ? IntervalUnit.Steps : IntervalUnit.Epochs;

    /// <summary>Gets the optimizer steps that it takes in a run.</summary>
    internal long Steps(TrainingLength run) => InSteps ? Count : Count * run.StepsPerEpoch;

    private static readonly string[] EpochWords = ["epochs", "epoch"], StepWords = ["steps", "step"];

    /// <summary>Reads an interval.</summary>
    /// <param name="text">A number, and what it counts.</param>
    /// <param name="option">The option, for messages.</param>
    /// <param name="inSteps">What a plain number counts.</param>
    internal static Interval Parse(string text, string option, bool inSteps)
    {
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        var unit = text[digits..].Trim();
        return long.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1
            && (unit.Length == 0 || EpochWords.Contains(unit) || StepWords.Contains(unit))
            ? new(count, unit.Length == 0 ? inSteps : StepWords.Contains(unit))
            : throw new UsageException($"{option}: '{text}' is no interval; write a whole number from 1 and what it counts, such as 1epochs or 500steps.");
    }
}
