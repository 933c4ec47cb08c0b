namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>The equation of an Einsum, such as <c>bhid,bhjd->bhij</c>: the letters of each input's axes, and of the output's.</summary>
/// <param name="Inputs">By input, a letter for each axis.</param>
/// <param name="Output">The output's letters.</param>
internal sealed record Einsums(string[] Inputs, string Output)
{
    /// <summary>Reads the equation of a node whose gradients are Einsums themselves; null of another.</summary>
    /// <remarks>
    /// Not those with an ellipsis, with a letter twice in one input (a diagonal), with one that a single input alone has (a sum along
    /// an axis), or with one whose size is 1 here and more there (a repetition).
    /// </remarks>
    internal static Einsums? Of(Node y)
    {
        var sides = new string([.. (y.Get<string>("equation") ?? "").Where(c => c != ' ')]).Split("->");
        var inputs = sides[0].Split(',');
        var all = string.Concat(inputs);
        var output = sides.Length > 1 ? sides[1] : new string([.. all.Where(c => all.Count(other => other == c) == 1).Order()]);
        var isKnown = inputs.Length == y.Inputs.Count && !all.Contains('.') && inputs.Append(output).All(letters => letters.Distinct().Count() == letters.Length)
            && all.All(c => output.Contains(c) || inputs.Count(letters => letters.Contains(c)) > 1) && all.Distinct().All(c => HasOneSize(y, inputs, c));
        return isKnown ? new(inputs, output) : null;
    }

    /// <summary>Gets the equation of an input's gradient, whose inputs are dY and then the other inputs.</summary>
    internal string Gradient(int input) => $"{string.Join(',', [Output, .. Inputs.Where((_, i) => i != input)])}->{Inputs[input]}";

    private static bool HasOneSize(Node y, string[] inputs, char letter) => inputs.Select((letters, i) => (Axis: letters.IndexOf(letter), i))
        .Where(at => at.Axis >= 0).Select(at => y[at.i].Shape is { } shape && at.Axis < shape.Rank ? shape[at.Axis].Size : -1).Where(size => size >= 0).Distinct().Count() <= 1;
}
