using static Sema.Onnx.Graphs.Autodiff.Operand;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>Cases of operators that read images at computed places.</summary>
internal static class VisionCases
{
    private static readonly string[] Paddings = ["zeros", "border", "reflection"];

    // One region inside, one that sticks out, one of no size to speak of, one above the image.
    private static readonly double[] Corners = [0.6, 1.1, 4.3, 3.7, -1.4, 1.3, 5.7, 6.2, 2.1, 2.2, 2.4, 2.3, 1.3, -3.2, 3.1, 2.6];

    internal static readonly Dictionary<string, GradientCase[]> Table = new()
    {
        ["GridSample"] =
        [
            .. from mode in new[] { "linear", "nearest", "cubic" }
               from padding in Paddings
               from aligned in new long[] { 0, 1 }
               select Sampled(F(2, 2, 4, 3), Places(mode == "linear" ? 1 : 2, [4, 3], aligned, 2, 3, 2), mode, padding, aligned),
            .. from mode in new[] { "linear", "nearest" }
               from padding in Paddings
               from aligned in new long[] { 0, 1 }
               select Sampled(F(1, 2, 3, 2, 4), Places(3, [3, 2, 4], aligned, 1, 3, 2, 2), mode, padding, aligned),
            Sampled(F(2, 2, 4, 3), Places(4, [4, 3], 0, 2, 3, 2).Constant(), "linear", "zeros", 0),
            new GradientCase(F(1, 1, 3, 3), Places(5, [3, 3], 0, 1, 2, 2)).Sized(),
        ],
        ["AffineGrid"] =
        [
            .. from aligned in new long[] { 0, 1 }
               from size in new[] { I(2, 3, 2, 4), I(2, 1, 3, 2, 4), Ids([4], 2, 1, 3, 2) }
               select new GradientCase(size.Dims[0] == 4 ? F(2, 2, 3) : F(2, 3, 4), size).With(("align_corners", aligned)).Sized(),
            new GradientCase(F(1, 2, 3), I(1, 1, 2, 2)).Sized(),
        ],
        ["RoiAlign"] =
        [
            .. from mode in new[] { "avg", "max" }
               from coordinates in new[] { "half_pixel", "output_half_pixel" }
               from ratio in new long[] { 0, 1, 2, 3 }
               select Aligned(ratio == 3 ? 0.5 : 1).With(("mode", mode), ("coordinate_transformation_mode", coordinates), ("sampling_ratio", ratio),
                   ("output_height", 3L), ("output_width", 2L), ("spatial_scale", ratio == 3 ? 0.5f : 1f)),
            Aligned(1),
        ],
        ["MaxRoiPool"] =
        [
            .. from scale in new[] { 1f, 0.5f }
               from pooled in new long[][] { [1, 1], [2, 2], [3, 2], [4, 5] }
               select new GradientCase(F(2, 2, 5, 6).Spread(), Rois(3, 5, 0, 1, 1, 4, 3, 1, 0, 2, 5.6f, 4.2f, 1, 2, 2, 12, 9)).Float32()
                   .With(("pooled_shape", pooled), ("spatial_scale", scale)).Sized(),
        ],
        ["DeformConv"] =
        [
            Deformed(F(2, 2, 4, 5), F(3, 2, 3, 2), 1, [2, 4]), Deformed(F(1, 4, 5, 4), F(2, 2, 2, 2), 2, [5, 3], ("group", 2L), ("pads", [1, 0, 0, 0])),
            Deformed(F(1, 2, 5, 5), F(2, 2, 2, 2), 1, [2, 2], ("strides", [2, 2]), ("dilations", [2, 2])),
            new GradientCase(F(1, 2, 3, 3), F(2, 2, 2, 2), F(1, 8, 2, 2).In(0.1, 0.4)).Sized(),
        ],
        ["Col2Im"] =
        [
            new GradientCase(F(2, 12, 4), I(3, 3), I(2, 2)).Linear32(), new GradientCase(F(1, 4, 9), I(2, 3), I(1, 2)).Linear32().With(("pads", [0, 1, 1, 0])),
            new GradientCase(F(2, 6, 6), I(5, 6), I(2, 3)).Linear32().With(("dilations", [2, 2]), ("strides", [1, 1])),
            new GradientCase(F(2, 4, 4), I(5, 5), I(2, 2)).Linear32().With(("strides", [2, 3]), ("dilations", [1, 1])),
            new GradientCase(F(2, 6, 4), I(9), I(3)).Linear32().With(("strides", [2])), new GradientCase(F(1, 16, 8), I(3, 3, 3), I(2, 2, 2)).Linear32(),
        ],
        ["MaxUnpool"] =
        [
            new GradientCase(F(1, 2, 2, 2), Ids([1, 2, 2, 2], 0, 3, 9, 10, 17, 18, 24, 31)).Linear32().With(("kernel_shape", [2, 2]), ("strides", [2, 2])),
            new GradientCase(F(1, 1, 2, 2), Ids([1, 1, 2, 2], 4, 4, 8, 4)).Linear32().With(("kernel_shape", [2, 2])),   // a place that three windows share
            new GradientCase(F(2, 1, 3), Ids([2, 1, 3], 0, 3, 5, 6, 8, 11)).Linear32().With(("kernel_shape", [2]), ("strides", [2])),
            new GradientCase(F(1, 1, 2, 2), Ids([1, 1, 2, 2], 5, 7, 13, 15), I(1, 1, 5, 5)).Linear32().With(("kernel_shape", [2, 2]), ("strides", [2, 2])),
        ],
        ["CenterCropPad"] =
        [
            new(F(4, 5), I(2, 3)), new(F(4, 5), I(7, 2)), new(F(3, 2), I(4, 5)), new(F(5, 4, 3), Ids([3], 2, 7, 3)),
            new GradientCase(F(2, 5, 4), I(8, 1)).With(("axes", [1, 2])), new GradientCase(F(2, 5, 4), I(3, 2)).With(("axes", [-1, 0])),
        ],
    };

    // Places inside and outside, each clear of the elements and of the middle between two, where a slope breaks.
    private static Operand Places(int seed, long[] sizes, long aligned, params long[] places)
    {
        var random = new Random(seed);
        var elements = Enumerable.Range(0, (int)Tensor.ElementCount(places) * sizes.Length).Select(i =>
        {
            var size = sizes[sizes.Length - 1 - i % sizes.Length];
            var at = random.Next(-3, (int)size + 3) + (random.Next(2) + 0.2 + 0.1 * random.NextDouble()) / 2;
            return aligned != 0 ? (2 * at / (size - 1)) - 1 : ((2 * at + 1) / size) - 1;
        }).ToArray();
        return new Operand([.. places, sizes.Length]).At(elements);
    }

    private static GradientCase Sampled(Operand x, Operand grid, string mode, string padding, long aligned) =>
        new GradientCase(x, grid).With(("mode", mode), ("padding_mode", padding), ("align_corners", aligned)).Sized();

    // Offsets that stay clear of the elements.
    private static GradientCase Deformed(Operand x, Operand w, long groups, long[] windows, params Attribute[] attributes) => new GradientCase(
        x, w, F([x.Dims[0], groups * 2 * w.Dims[2] * w.Dims[3], .. windows]).In(-0.9, -0.1), F(w.Dims[0]), F([x.Dims[0], groups * w.Dims[2] * w.Dims[3], .. windows]))
        .With([.. attributes, ("offset_group", groups), ("kernel_shape", w.Dims[2..])]).Sized();

    // Two regions of the same image.
    private static GradientCase Aligned(double scale) => new GradientCase(
        F(2, 2, 5, 6).Spread(), new(4, 4) { Fixed = GradientCheck.TensorOf(ElementType.Float64, [4, 4], [.. Corners.Select(c => c / scale)]) },
        Ids([4], 1, 0, 1, 1)).Within(1e-7).Sized();

    private static Operand Rois(int count, int numbers, params float[] elements) => new(count, numbers) { Fixed = Tensor.Floats([count, numbers], elements) };
}
