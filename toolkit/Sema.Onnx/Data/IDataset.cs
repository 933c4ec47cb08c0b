namespace Sema.Onnx.Data;

/// <summary>A fixed number of samples, each an input and a target of one shape.</summary>
/// <remarks>Reading is safe from several threads at once, and the same index always gives the same bytes.</remarks>
public interface IDataset
{
    /// <summary>Gets the number of samples, at least 1.</summary>
    int Count { get; }

    /// <summary>Gets the type and shape of one input.</summary>
    ArraySpec Input { get; }

    /// <summary>Gets the type and shape of one target; int64 [] for a class label.</summary>
    ArraySpec Target { get; }

    /// <summary>Copies one sample out.</summary>
    /// <param name="index">Which sample, in [0, <see cref="Count"/>).</param>
    /// <param name="input">Receives the input, row-major; exactly as many bytes as <see cref="Input"/> says.</param>
    /// <param name="target">Receives the target, row-major; exactly as many bytes as <see cref="Target"/> says.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such sample.</exception>
    /// <exception cref="ArgumentException">A span has another size.</exception>
    void Read(int index, Span<byte> input, Span<byte> target);
}
