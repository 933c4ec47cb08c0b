namespace Sema.Onnx.Graphs.Composition;

/// <summary>The Sigmoid or Softmax that a model ends with, behind which nothing is computed any more.</summary>
/// <param name="Operator">The operator.</param>
/// <param name="Values">The names of its result and of what passes that on, up to the model's.</param>
internal sealed record FinalActivation(string Operator, IReadOnlyList<string> Values)
{
    // Kernels round a float32 sigmoid at 1e-7 of 1, not of itself, and so its slope: a slope of this still has four digits.
    private const double Flat = 1e-3;

    private static readonly HashSet<string> Movers = ["Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Cast"];

    /// <summary>Finds what a value ends with, or <see langword="null"/> where that is neither.</summary>
    internal static FinalActivation? Of(Value value)
    {
        var values = new List<string>();
        for (; value.Type.IsFloat() && value.Producer is { Domain.Length: 0 } node; value = node[0])
        {
            values.Add(value.Name);
            if (node.OpType is "Sigmoid" or "Softmax")
                return new(node.OpType, values);
            if (!Movers.Contains(node.OpType))
                break;
        }

        return null;
    }

    /// <summary>
    /// Says whether results are so near to 0 or 1 that their slope y (1 − y) is lost in float32 rounding: for a softmax, whose small results
    /// keep their digits, relative to the results.
    /// </summary>
    /// <param name="y">The results, at least one.</param>
    internal bool IsSaturated(ReadOnlySpan<double> y)
    {
        var (slopes, squares) = (0.0, 0.0);
        foreach (var x in y)
        {
            slopes += x * (1 - x) * x * (1 - x);
            squares += x * x;
        }

        return Math.Sqrt(slopes) < Flat * Math.Sqrt(Operator == "Softmax" ? squares : y.Length);
    }
}
