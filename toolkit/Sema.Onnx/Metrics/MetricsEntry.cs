namespace Sema.Onnx.Metrics;

/// <summary>What was measured at one step of a run: one line of a <see cref="MetricsLog"/>, one event of a
/// <see cref="TensorBoardWriter"/>.</summary>
public sealed record MetricsEntry
{
    internal const string StepName = "step";
    internal const string EpochName = "epoch";
    internal const string SplitName = "split";

    /// <summary>Initializes an entry.</summary>
    /// <param name="step">The optimizer steps done when it was measured, at least 0.</param>
    /// <param name="epoch">The epochs done, with a part for one under way; finite and not negative.</param>
    /// <param name="split">What it was measured on, such as <c>train</c> or <c>eval</c>; not empty.</param>
    /// <param name="values">The values by name, such as <c>loss</c>; any double, NaN and infinities too.</param>
    /// <exception cref="ArgumentException">The split or a name is empty, or a name is one of step, epoch and
    /// split.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The step or the epoch is out of range.</exception>
    public MetricsEntry(long step, double epoch, string split, IReadOnlyDictionary<string, double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        foreach (var name in values.Keys)
        {
            if (name is "" or StepName or EpochName or SplitName)
                throw new ArgumentException(
                    $"A metric cannot be named '{name}', as an entry has that field itself; choose another name.",
                    nameof(values));
        }
        Step = step >= 0
            ? step
            : throw new ArgumentOutOfRangeException(nameof(step), step, "The steps done must not be negative.");
        Epoch = epoch >= 0 && double.IsFinite(epoch)
            ? epoch
            : throw new ArgumentOutOfRangeException(nameof(epoch), epoch,
                "The epochs done must be finite and not negative.");
        Split = !string.IsNullOrEmpty(split)
            ? split
            : throw new ArgumentException(
                "An entry needs the name of what it was measured on, such as 'train'.", nameof(split));
        Values = values;
    }

    /// <summary>Gets the optimizer steps done.</summary>
    public long Step { get; }

    /// <summary>Gets the epochs done.</summary>
    public double Epoch { get; }

    /// <summary>Gets what the values were measured on.</summary>
    public string Split { get; }

    /// <summary>Gets the values by name.</summary>
    public IReadOnlyDictionary<string, double> Values { get; }
}
