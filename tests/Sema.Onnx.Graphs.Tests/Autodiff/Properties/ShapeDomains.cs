using FsCheck;
using FsCheck.Fluent;
using static Sema.Onnx.Graphs.Autodiff.Operand;
using static Sema.Onnx.Graphs.Autodiff.Properties.Draw;

namespace Sema.Onnx.Graphs.Autodiff.Properties;

/// <summary>Operators that move elements.</summary>
internal static class ShapeDomains
{
    internal static readonly Dictionary<string, Gen<GradientCase>> Table = new()
    {
        ["Reshape"] = from dims in Shape(1, 4) from order in Gen.Shuffle(dims) from rest in Bool() select new GradientCase(F(dims), I([.. rest ? order.Skip(1).Prepend(-1) : order])),
        ["Flatten"] = from dims in Shape(1, 4) from axis in Axis(dims.Length) select new GradientCase(F(dims)).With(("axis", axis)),
        ["Squeeze"] = from dims in Shape(1, 3)
                      from axis in Gen.Choose(0, dims.Length)
                      from turned in Bool()
                      select new GradientCase(F([.. dims[..axis], 1, .. dims[axis..]]), I(turned ? axis - dims.Length - 1 : axis)),
        ["Unsqueeze"] = from dims in Shape(0, 3) from axes in Axes(dims.Length + 2).Where(a => a.Length == 2) select new GradientCase(F(dims), I(axes)),
        ["Transpose"] = from dims in Shape(1, 4) from order in Gen.Shuffle(Enumerable.Range(0, dims.Length)) select new GradientCase(F(dims)).With(("perm", [.. order.Select(a => (long)a)])),
        ["Concat"] = from dims in Shape(1, 3)
                     from axis in Axis(dims.Length)
                     from sizes in Gen.Choose(1, 4).SelectMany(n => Longs(n, 1, 3))
                     select new GradientCase([.. sizes.Select(n => F([.. dims.Select((d, i) => i == (axis + dims.Length) % dims.Length ? n : d)]))]).With(("axis", axis)),
        ["Split"] = from dims in Shape(1, 3)
                    from axis in Axis(dims.Length)
                    from sizes in Gen.Choose(2, 4).SelectMany(n => Longs(n, 1, 3))
                    from first in Gen.Choose(0, 1)
                    select new GradientCase(F([.. dims.Select((d, i) => i == (axis + dims.Length) % dims.Length ? sizes.Sum() : d)]), I(sizes))
                        .Making(sizes.Length, first..).With(("axis", axis)),
        ["Slice"] = from dims in Shape(1, 3)
                    from axes in Axes(dims.Length)
                    from starts in Longs(axes.Length, -5, 4)
                    from ends in Longs(axes.Length, -6, 6)
                    from steps in Longs(axes.Length, -2, 2).Where(s => !s.Contains(0))
                    let c = new GradientCase(F(dims), I(starts), I(ends), I(axes), I(steps))
                    where IsNotEmpty(dims, axes, starts, ends, steps)
                    select c,
        ["Pad"] = from dims in Shape(2, 3)
                  from mode in OneOf("constant", "edge", "reflect", "wrap")
                  from pads in Longs(2 * dims.Length, -1, 2)
                  let c = new GradientCase(F(dims), I(pads)).With(("mode", mode))
                  where dims.Select((d, i) => mode == "constant" ? d + Math.Min(pads[i], 0) + Math.Min(pads[dims.Length + i], 0) : Least(d, pads[i], pads[dims.Length + i])).Min() >= 1
                  select mode == "constant" ? c : c.Sized(Known.All),
        ["Tile"] = from dims in Shape(1, 3) from repeats in Longs(dims.Length, 1, 3) select new GradientCase(F(dims), I(repeats)),
        ["Expand"] = from dims in Shape(1, 4) from x in Narrowed(dims) select new GradientCase(F(x), I(dims)),
        ["DepthToSpace"] = from b in Long(1, 3)
                           from c in Long(1, 2)
                           from plane in Longs(2, 1, 3)
                           from mode in OneOf("DCR", "CRD")
                           select new GradientCase(F(1, c * b * b, plane[0], plane[1])).With(("blocksize", b), ("mode", mode)).Sized(),
        ["SpaceToDepth"] = from b in Long(1, 3) from c in Long(1, 2) from plane in Longs(2, 1, 2) select new GradientCase(F(1, c, b * plane[0], b * plane[1])).With(("blocksize", b)),
        ["CenterCropPad"] = from dims in Shape(1, 3) from axes in Axes(dims.Length) from sizes in Longs(axes.Length, 1, 6) select new GradientCase(F(dims), I(sizes)).With(("axes", axes)),
        ["Trilu"] = from dims in Shape(2, 4) from k in Long(-3, 3) from upper in Flag() select new GradientCase(F(dims), Ids([], k)).With(("upper", upper)),
        ["CumSum"] = from dims in Shape(1, 4)
                     from axis in Axis(dims.Length)
                     from exclusive in Flag()
                     from reverse in Flag()
                     select new GradientCase(F(dims), Ids([], axis)).With(("exclusive", exclusive), ("reverse", reverse)),
        ["Resize"] = from plane in Longs(2, 1, 5)
                     from sizes in Longs(2, 1, 7)
                     from mode in OneOf("nearest", "linear", "cubic")
                     from coordinates in OneOf("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
                     from rounding in OneOf("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
                     select new GradientCase(F(1, 2, plane[0], plane[1]), null, null, I(1, 2, sizes[0], sizes[1])).Linear32().Within(1e-5)
                         .With(("mode", mode), ("coordinate_transformation_mode", coordinates), ("nearest_mode", rounding)).Sized(),
    };

    // What a border can repeat: no wider than what is left.
    private static long Least(long size, long before, long after) => size + Math.Min(before, 0) + Math.Min(after, 0) - Math.Max(Math.Max(before, after), 0);

    private static bool IsNotEmpty(long[] dims, long[] axes, long[] starts, long[] ends, long[] steps) => axes.Select((axis, i) =>
    {
        var size = dims[(axis + dims.Length) % dims.Length];
        var (low, high) = steps[i] > 0 ? (0L, size) : (-1L, size - 1);
        var start = Math.Clamp(starts[i] < 0 ? starts[i] + size : starts[i], Math.Max(low, 0), high);
        var end = Math.Clamp(ends[i] < 0 ? ends[i] + size : ends[i], low, high);
        return steps[i] > 0 ? end > start : end < start;
    }).All(ok => ok);
}
