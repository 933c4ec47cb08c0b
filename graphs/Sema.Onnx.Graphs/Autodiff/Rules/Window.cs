namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>The window that a convolution or pooling slides over its input, by spatial axis.</summary>
/// <param name="Kernel">The window's size.</param>
/// <param name="Strides">The distance between windows.</param>
/// <param name="Dilations">The distance between a window's elements.</param>
/// <param name="Pads">The padding: the beginnings, then the ends.</param>
/// <param name="Input">The input's spatial sizes.</param>
/// <param name="Output">The output's spatial sizes.</param>
internal sealed record Window(long[] Kernel, long[] Strides, long[] Dilations, long[] Pads, long[] Input, long[] Output)
{
    /// <summary>Gets the attributes that a gradient function takes.</summary>
    internal Attribute[] Attributes =>
        [("kernel_shape", Kernel), ("strides", Strides), ("pads", Pads), ("dilations", Dilations)];

    /// <summary>Gets, by axis, how many padded input elements at the end no window reads.</summary>
    internal long[] Unread => [.. Kernel.Select((_, i) => Math.Max(Overhang(i), 0))];

    /// <summary>Gets, by axis, by how much the last windows hang over the padded input's end (rounding up, <c>ceil_mode</c>).</summary>
    internal long[] Excess => [.. Kernel.Select((_, i) => Math.Max(-Overhang(i), 0))];

    /// <summary>Gets the padding with which the turned window gives the input's gradient; null where it cannot: strides, or too much padding.</summary>
    internal long[]? Turned => Strides.All(s => s == 1) && Reach.All(pad => pad >= 0) ? Reach : null;

    private long[] Reach => [.. Pads.Select((pad, i) => (Kernel[i % Kernel.Length] - 1) * Dilations[i % Kernel.Length] - pad)];

    internal static Window Of(Node y)
    {
        var (input, output) = (y[0].KnownShape, y.Output.KnownShape);
        var spatial = input.Rank - 2;
        if (input.Skip(2).Concat(output.Skip(2)).Any(d => !d.IsKnown))
        {
            throw new InvalidModelException(
                $"Operator '{y.OpType}', node {y.Label}: its spatial sizes {input} → {output} must be known; fix the model's input size.");
        }

        var kernel = y.Ints("kernel_shape") ?? (y.OpType is "Conv" or "ConvTranspose" ? y[1].KnownShape.Sizes[2..] : input.Sizes[2..]);
        return new(kernel, y.Ints("strides") ?? Ones(), y.Ints("dilations") ?? Ones(), y.Ints("pads") ?? new long[2 * spatial],
            input.Sizes[2..], output.Sizes[2..]);

        long[] Ones() => [.. Enumerable.Repeat(1L, spatial)];
    }

    private long Overhang(int i) => Input[i] + Pads[i] + Pads[Kernel.Length + i] - ((Output[i] - 1) * Strides[i] + (Kernel[i] - 1) * Dilations[i] + 1);
}
