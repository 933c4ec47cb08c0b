namespace Sema.Onnx.Metrics;

/// <summary>Where the logits of one prediction ("place") lie in a row-major array whose class axis may be any but the
/// first.</summary>
/// <param name="Classes">C, the length of the class axis.</param>
/// <param name="Stride">The distance between two classes of a place: the product of the axes after the class
/// axis.</param>
/// <param name="PlacesPerSample">Predictions of one sample.</param>
internal readonly record struct ClassLayout(int Classes, int Stride, int PlacesPerSample)
{
    /// <summary>The index of a place's first logit.</summary>
    public int First(int place) => (place / Stride * Stride * Classes) + (place % Stride);

    /// <summary>Checks that logits, shape, class axis and labels fit together.</summary>
    public static ClassLayout Of(int logits, ReadOnlySpan<int> shape, int classAxis, int labels)
    {
        var axis = classAxis < 0 ? classAxis + shape.Length : classAxis;
        if (axis < 1 || axis >= shape.Length)
            throw new ArgumentOutOfRangeException(nameof(classAxis), classAxis,
                $"The class axis of logits of rank {shape.Length} must be one after the batch axis 0, "
                + "or negative to count from the end.");
        var text = string.Join(", ", shape.ToArray());
        if (Product(shape) != logits)
            throw new ArgumentException(
                $"The logits hold {logits} values, but their shape is [{text}]; pass the shape that the model gave.",
                nameof(logits));
        var (classes, stride) = (shape[axis], (int)Product(shape[(axis + 1)..]));
        var perSample = (int)Product(shape[1..axis]) * stride;
        var places = (long)perSample * shape[0];
        if (places != labels)
            throw new ArgumentException(
                $"There are {labels} labels for logits of shape [{text}], whose class axis is {axis}; "
                + $"give one label for each of {places} predictions.",
                nameof(labels));
        return new(classes, stride, perSample);
    }

    // Saturates instead of overflowing: no array is that long, so the sizes then do not fit.
    private static long Product(ReadOnlySpan<int> lengths)
    {
        var product = 1L;
        foreach (var length in lengths)
            product = Math.Clamp(product * length, 0, int.MaxValue);
        return product;
    }
}
