using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Operators that make each element along an axis from a few elements along the same axis: one constant matrix an axis.</summary>
/// <remarks>Resize counts in float32, as ONNX Runtime does: at a tie the last bit decides which element is the nearest.</remarks>
internal static class Resampling
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // y = M₁ M₂ … x:  dX = … M₂ᵀ M₁ᵀ dY
        ["Resize"] = Of([(y, dY) => Resized(y)!.Reverse().Aggregate(dY, (d, matrix) => matrix.Pull(d, y[0].Rank))]).When(y => Resized(y) is not null),
    };
#pragma warning restore format

    private delegate float Coordinate(float place, float scale, float resized, float original);

    private delegate IEnumerable<(long Place, double Weight)> Reads(float place, long size);

    /// <summary>Gets the matrices of a Resize by resized axis, in the order of the axes; null for a form that is not known.</summary>
    internal static IReadOnlyList<AxisMatrix>? Resized(Node y)
    {
        if (y[0].Shape is not { } original || y.Output.Shape is not { } resized || Scales(y, original, resized) is not { } scales
            || Coordinates(y) is not { } coordinate || Kernel(y) is not { } kernel || y.Int("antialias", 0) != 0)
        {
            return null;
        }

        var axes = Enumerable.Range(0, original.Rank).Where(axis => scales[axis] != 1).ToList();
        if (axes.Exists(axis => !original[axis].IsKnown || !resized[axis].IsKnown))
            return null;
        if (axes.TrueForAll(axis => resized[axis].Size == original[axis].Size))
            return [];   // whatever the scales, ONNX Runtime copies where no size changes
        AxisMatrix[] matrices = [.. axes.Select(axis => Matrix(axis, resized[axis].Size, original[axis].Size, scales[axis], coordinate, kernel))];
        return Array.Exists(matrices, m => m.IsTooLarge) ? null : matrices;
    }

    private static AxisMatrix Matrix(int axis, long resized, long original, float scale, Coordinate coordinate, Reads kernel) =>
        new(axis, resized, original, row => kernel(coordinate(row, scale, resized, original), original));

    // By axis: as given, or as the sizes imply. Where sizes are given and unknown, only the batch may be: it is not resized.
    private static float[]? Scales(Node y, Shape original, Shape resized)
    {
        long[] axes = [.. (y.Ints("axes") ?? [.. Enumerable.Range(0, original.Rank).Select(i => (long)i)]).Select(a => a < 0 ? a + original.Rank : a)];
        var scales = Enumerable.Repeat(1f, original.Rank).ToArray();
        if (y.Optional(3) is null && y.Optional(2)?.Initializer?.ToFloat64() is { } given)
        {
            foreach (var (axis, scale) in axes.Zip(given))
                scales[axis] = (float)scale;
            return scales;
        }

        if (y.Optional(3) is null || y.Get<string>("keep_aspect_ratio_policy") is not (null or "stretch")
            || axes.Any(a => a != 0 && !(original[(int)a].IsKnown && resized[(int)a].IsKnown)))
        {
            return null;
        }

        foreach (var axis in axes.Where(a => original[(int)a].IsKnown && resized[(int)a].IsKnown))
            scales[axis] = (float)resized[(int)axis].Size / original[(int)axis].Size;
        return scales;
    }

    // From an output's place to an input's: https://onnx.ai/onnx/operators/onnx__Resize.html
    private static Coordinate? Coordinates(Node y) => (y.Get<string>("coordinate_transformation_mode") ?? "half_pixel") switch
    {
        "half_pixel" => (i, scale, _, _) => (i + 0.5f) / scale - 0.5f,
        "pytorch_half_pixel" => (i, scale, resized, _) => resized > 1 ? (i + 0.5f) / scale - 0.5f : 0,
        "align_corners" => (i, _, resized, original) => resized > 1 ? i * (original - 1) / (resized - 1) : 0,
        "asymmetric" => (i, scale, _, _) => i / scale,
        "half_pixel_symmetric" => (i, scale, resized, original) =>
            original / 2 * (1 - resized / (scale * original)) + (i + 0.5f) / scale - 0.5f,
        _ => null,
    };

    private static Reads? Kernel(Node y) => (y.Get<string>("mode") ?? "nearest") switch
    {
        "nearest" when Rounding(y) is { } round => (place, size) => [(Math.Clamp((long)round(place), 0, size - 1), 1)],
        "linear" => Linear,
        "cubic" => (place, size) => Cubic(place, size, y.Float("cubic_coeff_a", -0.75f), y.Int("exclude_outside", 0) != 0),
        _ => null,
    };

    private static Func<float, float>? Rounding(Node y) => (y.Get<string>("nearest_mode") ?? "round_prefer_floor") switch
    {
        "round_prefer_floor" => x => MathF.Ceiling(x - 0.5f),
        "round_prefer_ceil" => x => MathF.Round(x, MidpointRounding.AwayFromZero),
        "floor" => MathF.Floor,
        "ceil" => MathF.Ceiling,
        _ => null,
    };

    private static IEnumerable<(long Place, double Weight)> Linear(float place, long size)
    {
        var inside = Math.Clamp(place, 0, size - 1);
        var before = (long)inside;
        return [(before, 1 - (inside - before)), (Math.Min(before + 1, size - 1), inside - before)];
    }

    // Keys 1981, over the four elements around; what lies outside is its border, or nothing.
    private static IEnumerable<(long Place, double Weight)> Cubic(float place, long size, float a, bool exclude)
    {
        var start = MathF.Floor(place);
        var s = place - start;
        double[] weights =
        [
            ((a * (s + 1) - 5 * a) * (s + 1) + 8 * a) * (s + 1) - 4 * a, ((a + 2) * s - (a + 3)) * s * s + 1,
            ((a + 2) * (1 - s) - (a + 3)) * (1 - s) * (1 - s) + 1, ((a * (2 - s) - 5 * a) * (2 - s) + 8 * a) * (2 - s) - 4 * a,
        ];
        var reads = weights.Select((weight, k) => (Place: (long)start - 1 + k, Weight: weight)).Where(r => !exclude || (r.Place >= 0 && r.Place < size)).ToList();
        var sum = exclude ? reads.Sum(r => r.Weight) : 1;
        return reads.Select(r => (Math.Clamp(r.Place, 0, size - 1), r.Weight / sum));
    }
}
