using Sema.Onnx.Data;
using Sema.Onnx.Data.Transforms;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Training;

/// <summary>One of a model's inputs that is the same for all samples: a number that fills its shape, or a whole array.</summary>
/// <param name="input">The model's input.</param>
/// <param name="sizes">The sizes of free axes, by symbol, as the samples have them; <see langword="null"/> for that of the batch.</param>
internal sealed class SharedInput(Value input, IReadOnlyDictionary<string, long?> sizes)
{
    internal string Name => input.Name;

    /// <summary>Gets the sizes that a number fills.</summary>
    /// <exception cref="DataException">The model leaves one open.</exception>
    internal long[] Shape(int batch) => input.Shape is { } shape
        ? [.. shape.Select((d, axis) => d.IsKnown ? d.Size : Size(d, axis) is var (known, size) && known ? size ?? batch : throw Open($"the size of its axis {axis} ({d})"))]
        : throw Open("its shape");

    /// <summary>Gets the sizes of an array, which must be the input's own.</summary>
    /// <exception cref="DataException">They are not.</exception>
    internal long[] Shape(SharedArray array, int batch, int samples)
    {
        long[] given = [.. array.Spec.Shape.Select(s => (long)s)];
        var fits = input.Shape is not { } shape || (shape.Rank == given.Length && shape.Select((d, axis) => d.IsKnown ? d.Size : Size(d, axis).Size is { } size ? size
            : Size(d, axis).Known ? batch : given[axis]).SequenceEqual(given));
        return fits ? given : throw new DataException(
            $"The array for the input '{Name}' is {array.Spec}: its first axis does not count the {samples} samples, and whole it is not what the model takes, {input.Type.Name()} {input.Shape} in batches of {batch}. "
            + "Write an array with one entry a sample, or one of exactly the input's shape.");
    }

    /// <summary>Fills the shape with a number.</summary>
    internal byte[] Fill(double number, int batch)
    {
        var one = Converted(ElementType.Float64, BitConverter.GetBytes(number), $"--input {Name}={FormattableString.Invariant($"{number}")}");
        var bytes = new byte[checked((int)(Graphs.Shape.Of(Shape(batch)).Count * one.Length))];
        for (var i = 0; i < bytes.Length; i += one.Length)
            one.CopyTo(bytes, i);
        return bytes;
    }

    /// <summary>Converts an array by value.</summary>
    internal byte[] Fill(SharedArray array) => Converted(array.Spec.Type, array.Bytes.Span, $"The array for the input '{Name}'");

    private byte[] Converted(ElementType from, ReadOnlySpan<byte> bytes, string what)
    {
        var converted = new byte[bytes.Length / from.Size() * input.Type.Size()];
        try
        {
            // A number stands for a boolean as 0 or 1.
            var isBit = input.Type == ElementType.Bool && from == ElementType.Float64 && bytes.Length == sizeof(double) && BitConverter.ToDouble(bytes) is 0 or 1;
            ValueConversion.Between(from, isBit ? ElementType.UInt8 : input.Type)(bytes, converted);
        }
        catch (DataException e)
        {
            throw new DataException($"{what}: {e.Message}", e);
        }

        return converted;
    }

    // An axis named as one of the samples' has their size; a first axis without a name that is known is the batch's.
    private (bool Known, long? Size) Size(Dimension d, int axis) =>
        d.Symbol is { } symbol && sizes.TryGetValue(symbol, out var size) ? (true, size) : (axis == 0, null);

    private DataException Open(string what) => new(
        $"The model leaves open {what} for its input '{Name}', and no other input tells it; give an array by the input's name instead of a number.");
}
