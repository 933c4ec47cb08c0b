using FsCheck;
using FsCheck.Fluent;
using static Sema.Onnx.Graphs.Autodiff.Operand;
using static Sema.Onnx.Graphs.Autodiff.Properties.Draw;

namespace Sema.Onnx.Graphs.Autodiff.Properties;

/// <summary>Convolutions and pooling.</summary>
internal static class WindowDomains
{
    internal static readonly Dictionary<string, Gen<GradientCase>> Table = new()
    {
        ["Conv"] = from w in Windows(mostPads: 2)
                   from groups in Long(1, 2)
                   from inputs in Long(1, 2)
                   from outputs in Long(1, 2)
                   from batch in Long(1, 2)
                   select new GradientCase(F([batch, groups * inputs, .. w.Image]), F([groups * outputs, inputs, .. w.Kernel]), F(groups * outputs)).Linear32()
                       .With([.. w.Attributes, ("group", groups)]).Sized(),
        ["ConvTranspose"] = from w in Windows(mostPads: 0)
                            from groups in Long(1, 2)
                            from inputs in Long(1, 2)
                            from outputs in Long(1, 2)
                            from extra in Longs(w.Kernel.Length, 0, 1)
                            from pads in Flag()
                            where w.Kernel.Select((k, i) => (Math.Min(w.Image[i], 3) - 1) * w.Strides[i] + (k - 1) * w.Dilations[i] + 1 - 2 * pads).Min() > 0
                            select new GradientCase(F([1, groups * inputs, .. w.Image.Select(d => Math.Min(d, 3))]), F([groups * inputs, outputs, .. w.Kernel]), F(groups * outputs)).Linear32()
                                .With(("strides", w.Strides), ("dilations", w.Dilations), ("group", groups), ("pads", [.. Enumerable.Repeat(pads, 2 * w.Kernel.Length)]),
                                    ("output_padding", [.. extra.Select((e, i) => Math.Min(e, w.Strides[i] - 1))])).Sized(),
        ["MaxPool"] = from w in Windows(mostPads: 1)
                      from ceil in w.RoundsUp ? Flag() : Gen.Constant(0L)
                      from channels in Long(1, 2)
                      select new GradientCase(F([1, channels, .. w.Image]).Spread()).With([.. w.Attributes, ("ceil_mode", ceil)]).Sized(),
        ["AveragePool"] = from w in Windows(mostPads: 1)
                          from ceil in w.RoundsUp ? Flag() : Gen.Constant(0L)
                          from channels in Long(1, 2)
                          from counts in Flag()
                          select new GradientCase(F([1, channels, .. w.Image])).Linear32().With([.. w.Attributes, ("ceil_mode", ceil), ("count_include_pad", counts)]).Sized(),
        ["LpPool"] = from w in Windows(mostPads: 1)
                     from ceil in w.RoundsUp ? Flag() : Gen.Constant(0L)
                     from p in Long(1, 3)
                     from sign in OneOf(1, -1)
                     select new GradientCase(F([1, 1, .. w.Image]).In(sign * 1.25 - 0.75, sign * 1.25 + 0.75)).Float32().With([.. w.Attributes, ("ceil_mode", ceil), ("p", p)]).Sized(),
        ["GlobalAveragePool"] = from dims in Shape(3, 5) select new GradientCase(F(dims)).Linear32().Sized(),
        ["GlobalMaxPool"] = from dims in Shape(3, 5) select new GradientCase(F(dims).Spread()).Float32(),
        ["GlobalLpPool"] = from dims in Shape(3, 5) from p in Long(1, 3) select new GradientCase(F(dims).Spread()).Float32().With(("p", p)),
    };

    // A window that fits into its padded image, with pads narrower than the window.
    private static Gen<Form> Windows(long mostPads) =>
        from spatial in Gen.Choose(1, 3)
        from kernel in Longs(spatial, 1, 3)
        from strides in Longs(spatial, 1, 3)
        from dilations in Longs(spatial, 1, 2)
        from pads in Longs(2 * spatial, 0, mostPads)
        from spare in Longs(spatial, 0, spatial == 1 ? 5 : 2)
        let image = kernel.Select((k, i) => Math.Max((k - 1) * dilations[i] + 1 + spare[i], 1)).ToArray()
        where Product(image) <= 36 && pads.Select((p, i) => p < kernel[i % spatial]).All(fits => fits)
        select new Form(kernel, strides, dilations, pads, image);

    private sealed record Form(long[] Kernel, long[] Strides, long[] Dilations, long[] Pads, long[] Image)
    {
        // Whether no window begins behind the image when their number is rounded up: of one that does, the runtime's kernels and its shape
        // inference are of two minds.
        internal bool RoundsUp => Kernel.Select((k, i) =>
        {
            var (spare, stride) = (Image[i] + Pads[i] + Pads[Kernel.Length + i] - (k - 1) * Dilations[i] - 1, Strides[i]);
            return (spare + stride - 1) / stride * stride < Image[i] + Pads[i];
        }).All(fits => fits);

        internal Attribute[] Attributes => [("kernel_shape", Kernel), ("strides", Strides), ("dilations", Dilations), ("pads", Pads)];
    }
}
