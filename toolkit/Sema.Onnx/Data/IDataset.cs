namespace Sema.Onnx.Data;

/// <summary>A fixed number of samples, each an input and a target of one shape, and further arrays for models with several inputs.</summary>
/// <remarks>Reading is safe from several threads at once, and the same index always gives the same bytes.</remarks>
public interface IDataset
{
    /// <summary>Gets the number of samples, at least 1.</summary>
    int Count { get; }

    /// <summary>Gets the type and shape of one input, for models that have one.</summary>
    ArraySpec Input { get; }

    /// <summary>Gets the type and shape of one target; int64 [] for a class label.</summary>
    ArraySpec Target { get; }

    /// <summary>Gets the names of the arrays that <see cref="Find"/> gives. Default: none, for a set of one input.</summary>
    IReadOnlyList<string> Arrays => [];

    /// <summary>Gets the inputs that are one number throughout, by the input's name. Default: none.</summary>
    IReadOnlyDictionary<string, double> Constants => System.Collections.ObjectModel.ReadOnlyDictionary<string, double>.Empty;

    /// <summary>Gets an array by its name, which is that of the model's input. Default: none.</summary>
    /// <param name="name">One of <see cref="Arrays"/>.</param>
    /// <returns>The array, or <see langword="null"/> where the set has none of that name.</returns>
    /// <exception cref="DataException">The array is malformed.</exception>
    InputArray? Find(string name) => null;

    /// <summary>Copies one sample out.</summary>
    /// <param name="index">Which sample, in [0, <see cref="Count"/>).</param>
    /// <param name="input">Receives the input, row-major; exactly as many bytes as <see cref="Input"/> says. A set with
    /// <see cref="Arrays"/> is also given an empty one, where the target alone is wanted.</param>
    /// <param name="target">Receives the target, row-major; exactly as many bytes as <see cref="Target"/> says.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    /// <exception cref="ArgumentException">A span has another size.</exception>
    void Read(int index, Span<byte> input, Span<byte> target);
}
