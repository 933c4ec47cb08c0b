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
        ["BatchNormalizationTraining"] = [.. Images.Select(s => new KernelCase([Normal(s), Normal(s[1]), Normal(s[1])], Attributes(s))), .. Forward()],
        ["BatchNormalizationClipTraining"] = [.. Images.Select(s => new KernelCase([Normal(s), Normal(s[1]), Normal(s[1])], [.. Attributes(s), .. Bounds(s)]))],
        ["BatchNormalizationTrainingGrad"] = [.. Images.Select(s => new KernelCase(Gradient(s, bias: false), Attributes(s))), .. Backward()],
        ["BatchNormalizationGrad"] = [.. Images.Select(s => new KernelCase(Gradient(s, bias: false), Attributes(s)))],
        ["BatchNormalizationClipTrainingGrad"] = [.. Images.Select(s => new KernelCase(Gradient(s, bias: true), [.. Attributes(s), .. Bounds(s)]))],
        ["LayerNormalizationTraining"] =
        [
            .. Rows.Select(c => new KernelCase([Normal(c.X), Normal(c.X[c.Axis..]), Normal(c.X[c.Axis..])], ("epsilon", 1e-3f), ("axis", (long)c.Axis))),
            new([Normal(3, 20), Normal(20), Normal(20)], ("epsilon", 1e-3f), ("axis", 1L)) { Without = [1] },
        ],
        ["LayerNormalizationGrad"] =
        [
            .. Rows.Select(c => new KernelCase(
                [
                    Normal(c.X), Normal(c.X), Normal(c.X[c.Axis..]), Normal([.. c.X[..c.Axis], .. c.X[c.Axis..].Select(_ => 1L)]),
                    Positive([.. c.X[..c.Axis], .. c.X[c.Axis..].Select(_ => 1L)]),
                ], ("axes", Count(c.Axis, c.X.Length)), ("batch_axes", Count(0, c.Axis)))),
        ],
        ["SoftmaxGrad"] =
        [
            .. new (long[] X, int Axis)[] { ([1], 0), ([5, 16], 1), ([3, 65], 1), ([40, 3, 128], 2), ([3, 4, 5], 1), ([2, 7, 4, 9], 1), ([6, 33], 0), ([0, 4], 1) }
                .Select(c => new KernelCase([Normal(c.X), Positive(c.X)], ("axes", [c.Axis]))),
        ],
    };

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

    private static KernelCase[] Forward() => [new([Normal(2, 3, 4), Normal(3), Normal(3)], Attributes([2, 3, 4])) { Without = [1] }];

    private static KernelCase[] Backward() => [new(Gradient([2, 3, 4], bias: false), Attributes([2, 3, 4])) { Without = [1] }];
}
