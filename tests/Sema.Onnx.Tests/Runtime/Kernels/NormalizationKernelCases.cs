using static Sema.Onnx.Runtime.Kernels.KernelCase;
using Attribute = Sema.Onnx.Graphs.Attribute;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of the normalisations: planes around a vector's length and around a block's, one channel and more than threads, several ranks.</summary>
internal static class NormalizationKernelCases
{
    private static readonly long[][] Images = [[5, 3], [2, 1, 4], [3, 5, 3, 3], [2, 3, 4, 4], [2, 17, 5, 7], [2, 3, 70, 71], [1, 2, 2, 3, 5]];

    private static readonly (long[] X, int Axis)[] Rows = [([5], 0), ([7, 16], 1), ([3, 4, 33], 2), ([2, 3, 4, 5], 2), ([40, 9, 100], 2), ([900, 48], 1)];

    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["BatchNormalizationTraining"] = [.. Images.Select(Batch), Batch([2, 3, 4]) with { Without = [1] }],
        ["BatchNormalizationClipTraining"] = [.. Images.Select(ClippedBatch)],
        ["BatchNormalizationTrainingGrad"] = [.. Images.Select(BatchGrad), BatchGrad([2, 3, 4]) with { Without = [1] }],
        ["BatchNormalizationGrad"] = [.. Images.Select(BatchGrad)],
        ["BatchNormalizationClipTrainingGrad"] = [.. Images.Select(ClippedBatchGrad)],
        ["LayerNormalizationTraining"] = [.. Rows.Select(c => Layer(c.X, c.Axis)), Layer([3, 20], 1) with { Without = [1] }],
        ["LayerNormalizationGrad"] = [.. Rows.Select(c => LayerGrad(c.X, c.Axis))],
        ["SoftmaxGrad"] =
        [
            .. new (long[] X, int Axis)[] { ([1], 0), ([5, 16], 1), ([3, 65], 1), ([40, 3, 128], 2), ([3, 4, 5], 1), ([2, 7, 4, 9], 1), ([6, 33], 0), ([0, 4], 1) }
                .Select(c => Softmax(c.X, c.Axis)),
        ],
    };

    internal static KernelCase Batch(long[] s) => new([Normal(s), Normal(s[1]), Normal(s[1])], Attributes(s));

    internal static KernelCase ClippedBatch(long[] s) => new([Normal(s), Normal(s[1]), Normal(s[1])], [.. Attributes(s), .. Bounds(s)]);

    internal static KernelCase BatchGrad(long[] s) => new(Gradient(s, bias: false), Attributes(s));

    internal static KernelCase ClippedBatchGrad(long[] s) => new(Gradient(s, bias: true), [.. Attributes(s), .. Bounds(s)]);

    internal static KernelCase Layer(long[] x, int axis) => new([Normal(x), Normal(x[axis..]), Normal(x[axis..])], ("epsilon", 1e-3f), ("axis", (long)axis));

    internal static KernelCase LayerGrad(long[] x, int axis)
    {
        long[] row = [.. x[..axis], .. x[axis..].Select(_ => 1L)];
        return new([Normal(x), Normal(x), Normal(x[axis..]), Normal(row), Positive(row)], ("axes", Count(axis, x.Length)), ("batch_axes", Count(0, axis)));
    }

    internal static KernelCase Softmax(long[] x, params int[] axes) => new([Normal(x), Positive(x)], ("axes", [.. axes.Select(a => (long)a)]));

    private static long[] Count(int from, int to) => [.. Enumerable.Range(from, to - from).Select(a => (long)a)];

    private static Attribute[] Attributes(long[] sizes) =>
        [("epsilon", 1e-3f), ("axes", [.. Enumerable.Range(0, sizes.Length).Where(a => a != 1).Select(a => (long)a)])];

    // ReLU, a bound on both sides, a bound from above alone.
    private static Attribute[] Bounds(long[] sizes)
    {
        var (low, high) = ((sizes.Length + sizes[0]) % 3) switch
        {
            0 => (0, float.PositiveInfinity),
            1 => (0, 0.5f),
            _ => (float.NegativeInfinity, 0.25f),
        };
        return [("low", low), ("high", high)];
    }

    private static Func<Random, HostTensor>[] Gradient(long[] s, bool bias) =>
        [Normal(s), Normal(s), Normal(s[1]), .. bias ? [Normal(s[1])] : Array.Empty<Func<Random, HostTensor>>(), Normal(s[1]), Positive(s[1])];
}
