using System.Globalization;
using Sema.Onnx.Graphs;
using Sema.Onnx.Inspection;

namespace Sema.Onnx.Verification.Synthesis;

/// <summary>Guesses sizes for the free axes of a model's inputs, likely ones first.</summary>
/// <remarks>Axes of one name have one size; a name such as <c>past + 1</c> is the sum it says. The axis of a state that has no name
/// is the batch first, a length then.</remarks>
internal sealed class ShapeCandidates
{
    private const long Past = 4;

    // A sample of more elements than this is checked alone: a second one doubles the time of every difference.
    private const long Large = 1 << 13;

    // Most networks of images want multiples of 32, and some one size alone; most others take any length, audio at least its frame.
    private static readonly long[] Images = [64, 32, 96, 128, 224, 320, 416, 640, 256, 512, 48];
    private static readonly long[] Lengths = [16, 8, 32, 64, 128, 256, 512, 100, 1024, 16000, 1];

    private readonly IReadOnlyList<Value> _inputs;
    private readonly IReadOnlyDictionary<string, IReadOnlyList<long>> _given;
    private readonly HashSet<string> _batch;

    /// <param name="inputs">The inputs that a caller must give.</param>
    /// <param name="given">The sizes that are decided, by input.</param>
    /// <exception cref="InvalidModelException">A given size contradicts the model, or an input declares no shape and none is given.</exception>
    internal ShapeCandidates(IReadOnlyList<Value> inputs, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        (_inputs, _given) = (inputs, given);
        if (given.Keys.FirstOrDefault(name => inputs.All(i => i.Name != name)) is { } unknown)
            throw new InvalidModelException($"The model has no input '{unknown}'; it has {string.Join(", ", inputs.Select(i => $"'{i.Name}'"))}.");
        foreach (var input in inputs)
            Check(input, given.GetValueOrDefault(input.Name));
        _batch = [.. inputs.Where(i => i.Shape is { Rank: > 1 }).Select(i => i.Shape![0].Symbol).OfType<string>().Where(symbol => symbol.Length > 0)];
    }

    /// <summary>Gets the candidates: each the sizes of all inputs by name.</summary>
    internal IEnumerable<IReadOnlyDictionary<string, IReadOnlyList<long>>> All()
    {
        var tried = new HashSet<string>();
        var isLarge = _inputs.Any(i => i.Shape is { } shape && shape.Where(d => d.IsKnown).Aggregate(1.0, (n, d) => n * d.Size) > Large);
        (int First, int Second) batches = isLarge ? (1, 2) : (2, 1);
        for (var i = 0; i < Images.Length; i++)
        {
            foreach (var (batch, inState) in new[] { (batches.First, true), (batches.Second, true), (batches.First, false), (batches.Second, false) })
            {
                var shapes = Sizes(batch, Images[i], Lengths[i], inState);
                if (tried.Add(string.Join(';', shapes.Values.Select(s => string.Join(',', s)))))
                    yield return shapes;
            }
        }
    }

    private Dictionary<string, IReadOnlyList<long>> Sizes(long batch, long image, long length, bool inState)
    {
        var known = new Dictionary<string, long>();
        foreach (var input in _inputs.Where(i => _given.ContainsKey(i.Name) && i.Shape is not null))
        {
            for (var axis = 0; axis < input.Shape!.Rank; axis++)
            {
                if (input.Shape[axis].Symbol is { } symbol)
                    known.TryAdd(symbol, _given[input.Name][axis]);
            }
        }

        return _inputs.ToDictionary(i => i.Name, i => _given.GetValueOrDefault(i.Name) ?? [.. i.Shape!.Select((d, axis) => d.IsKnown ? d.Size : Size(i, axis))]);

        long Size(Value input, int axis)
        {
            var symbol = input.Shape![axis].Symbol ?? "";
            return Named(symbol) ?? (IsBatch(input, axis, symbol) || (inState && FreeAxes.IsStateBatch(input, axis)) ? batch
                : symbol.Contains("past", StringComparison.OrdinalIgnoreCase) || input.Name.Contains("past", StringComparison.OrdinalIgnoreCase) ? Past
                : input.Shape.Rank == 4 && !input.Type.IsIndex() ? image : length);
        }

        long? Named(string symbol)
        {
            if (known.TryGetValue(symbol, out var size))
                return size;
            if (symbol.Contains('+', StringComparison.Ordinal))
            {
                var parts = symbol.Split('+', StringSplitOptions.TrimEntries);
                return parts.Sum(p => long.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
                    : known.GetValueOrDefault(p, p.Contains("past", StringComparison.OrdinalIgnoreCase) ? Past : length));
            }

            var isTotal = symbol.Contains("total", StringComparison.OrdinalIgnoreCase)
                && _inputs.Any(i => i.Shape?.Any(d => d.Symbol?.Contains("past", StringComparison.OrdinalIgnoreCase) ?? false) ?? false);
            return isTotal ? Past + length : null;
        }
    }

    private bool IsBatch(Value input, int axis, string symbol) =>
        _batch.Contains(symbol) || symbol.Contains("batch", StringComparison.OrdinalIgnoreCase)
        || (axis == 0 && (input.Shape!.Rank > 1 || input.Type.IsIndex()));

    private static void Check(Value input, IReadOnlyList<long>? given)
    {
        if (given is null && input.Shape is null)
            throw new InvalidModelException($"The model's input '{input.Name}' declares no shape; give one (--shape {input.Name}=...).");
        if (given is not null && input.Shape is { } declared
            && (declared.Rank != given.Count || declared.Zip(given).Any(pair => pair.First.IsKnown && pair.First.Size != pair.Second)))
        {
            throw new InvalidModelException($"The model's input '{input.Name}' has the shape {declared}, which {Shape.Of(given)} does not fit.");
        }
    }
}

/// <summary>What types say of an input.</summary>
internal static class InputTypes
{
    /// <summary>Gets whether values of a type are indices, lengths or choices rather than pixels or signals.</summary>
    internal static bool IsIndex(this ElementType type) => !type.IsFloat() && type is not (ElementType.UInt8 or ElementType.Int8);
}
