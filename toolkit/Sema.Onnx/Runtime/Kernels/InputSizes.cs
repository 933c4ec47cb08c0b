namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The sizes that a kernel's inputs must have, an entry an input; files come from strangers, and a kernel trusts the sizes that it reads memory by.</summary>
/// <remarks>
/// An entry names the axes: "D T 4H" has sizes D, T and four times H. A letter is one size in all entries. "*" at the end is any further axes, the
/// same in all entries. "1" is a single number, of any rank.
/// </remarks>
internal sealed class InputSizes
{
    private readonly string _operator;
    private readonly string[] _entries;
    private readonly (int Factor, char Letter)[][] _axes;

    /// <summary>Reads the entries.</summary>
    /// <param name="name">The operator.</param>
    /// <param name="entries">An entry an input.</param>
    internal InputSizes(string name, string[] entries)
    {
        (_operator, _entries) = (name, entries);
        _axes = [.. entries.Select(e => e.Split(' ').Select(axis => (axis.Length > 1 ? axis[0] - '0' : 1, axis[^1])).ToArray())];
    }

    /// <summary>Checks the inputs of a run.</summary>
    /// <exception cref="InvalidOperationException">They have other sizes.</exception>
    internal void Check(KernelContext context)
    {
        // The sizes of the letters, and -1 where none is known yet.
        Span<int> letters = stackalloc int[1 + 'Z' - 'A'];
        letters.Fill(-1);
        int[]? rest = null;
        for (var input = 0; input < _axes.Length; input++)
        {
            var tensor = context.Input(input);
            if (!(_entries[input] == "1" ? tensor.Count == 1 : Fits(tensor.Sizes, _axes[input], letters, ref rest)))
                throw Refusal(context);
        }
    }

    private static bool Fits(int[] sizes, (int Factor, char Letter)[] axes, Span<int> letters, ref int[]? rest)
    {
        var named = axes[^1].Letter == '*' ? axes.Length - 1 : axes.Length;
        if (sizes.Length < named || (named == axes.Length && sizes.Length > named))
            return false;
        for (var axis = 0; axis < named; axis++)
        {
            var (factor, letter) = axes[axis];
            ref var size = ref letters[letter - 'A'];
            if (size < 0)
                size = sizes[axis] / factor;
            if (sizes[axis] != (long)factor * size)
                return false;
        }

        if (named == axes.Length)
            return true;
        rest ??= sizes[named..];
        return sizes.AsSpan(named).SequenceEqual(rest);
    }

    private InvalidOperationException Refusal(KernelContext context) =>
        new($"{_operator}: the inputs have the sizes {string.Join(", ", _entries.Select((_, i) => $"[{string.Join(", ", context.Input(i).Sizes)}]"))}, "
            + $"and must have {string.Join(", ", _entries.Select(e => e == "1" ? "a single number" : $"[{e.Replace(" ", ", ", StringComparison.Ordinal)}]"))}.");
}
