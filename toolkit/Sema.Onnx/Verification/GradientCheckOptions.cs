namespace Sema.Onnx.Verification;

/// <summary>How a model's gradients are checked.</summary>
public sealed record GradientCheckOptions
{
    /// <summary>Gets what inputs, factors of the loss and directions are drawn from. Default 0.</summary>
    public int Seed { get; init; }

    /// <summary>Gets the number of random directions for each parameter, at least 1. Default 1.</summary>
    public int Directions { get; init; } = 1;

    /// <summary>Gets name patterns (* and ?) of the parameters to check. Default: none, for all.</summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>Gets the sizes of inputs by name. Default: none; free axes are guessed until ONNX Runtime runs the model.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long>> Shapes { get; init; } = new Dictionary<string, IReadOnlyList<long>>();

    /// <summary>Gets the least and the largest value (both included) of inputs by name. Default: none; integers as their use in the model
    /// demands, floats from the standard normal distribution.</summary>
    public IReadOnlyDictionary<string, (double Least, double Largest)> Ranges { get; init; } = new Dictionary<string, (double, double)>();

    /// <summary>Gets the number of threads; 0, the default, for one a core.</summary>
    public int Threads { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Directions, 1);
        foreach (var (name, (least, largest)) in Ranges)
        {
            if (!(least <= largest))
                throw new ArgumentException($"The range of the input '{name}' is empty: {least} is above {largest}.");
        }
    }
}
