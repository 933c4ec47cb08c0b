using System.Collections;

namespace Sema.Onnx.Export;

/// <summary>Weights by name that are fetched each time they are asked for, so that the weights of a large model are never all in memory.</summary>
/// <param name="names">The names.</param>
/// <param name="fetch">Fetches one of them.</param>
internal sealed class DeferredWeights(IEnumerable<string> names, Func<string, ReadOnlyMemory<float>> fetch) : IReadOnlyDictionary<string, ReadOnlyMemory<float>>
{
    private readonly OrderedDictionary<string, object?> _names = new(names.Select(n => KeyValuePair.Create(n, (object?)null)));

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _names.Keys;

    /// <inheritdoc/>
    public IEnumerable<ReadOnlyMemory<float>> Values => Keys.Select(fetch);

    /// <inheritdoc/>
    public int Count => _names.Count;

    /// <inheritdoc/>
    public ReadOnlyMemory<float> this[string key] => TryGetValue(key, out var weights) ? weights : throw new KeyNotFoundException($"There are no weights '{key}'.");

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _names.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, out ReadOnlyMemory<float> value)
    {
        value = ContainsKey(key) ? fetch(key) : default;
        return ContainsKey(key);
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, ReadOnlyMemory<float>>> GetEnumerator() => Keys.Select(n => KeyValuePair.Create(n, fetch(n))).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
