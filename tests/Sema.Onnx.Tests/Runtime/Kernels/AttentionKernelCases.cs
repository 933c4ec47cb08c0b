using static Sema.Onnx.Runtime.Kernels.KernelCase;
using Attribute = Sema.Onnx.Graphs.Attribute;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of attention: one head and many, odd lengths, more keys than queries, columns around a vector's, every order of axes, every kind of mask.</summary>
internal static class AttentionKernelCases
{
    internal static readonly Func<Random, HostTensor> None = _ => HostTensor.Of<float>([0], []), Scale = _ => HostTensor.Of<float>([0.125f], []);

    // Sizes of Q, the keys, the columns of V, the order of axes, the mask.
    private static readonly (long[] Q, long Keys, long Columns, int[] Perm, Func<Random, HostTensor> Mask)[] Separate =
    [
        ([1, 1], 1, 1, [0, 1], None),
        ([3, 5], 4, 2, [0, 1], Normal(3, 4)),
        ([7, 2, 8], 7, 8, [1, 0, 2], Normal(7, 7)),
        ([2, 17, 16], 33, 20, [0, 1, 2], Normal(2, 1, 33)),
        ([2, 9, 3, 24], 9, 24, [0, 2, 1, 3], Causal(9, float.NegativeInfinity)),
        ([2, 3, 65, 64], 65, 64, [0, 1, 2, 3], Causal(65, -1e9f)),
        ([1, 130, 2, 40], 130, 72, [0, 2, 1, 3], Normal(1, 2, 130, 1)),
        ([2, 8, 2, 16], 5, 16, [0, 2, 1, 3], Normal(2, 1, 1, 5)),
        ([3, 4, 2, 6], 4, 6, [0, 2, 1, 3], AllHidden(4, -1e9f)),
        ([2, 6, 2, 5], 6, 5, [0, 2, 1, 3], AllHidden(6, float.MinValue)),
        ([1, 3, 2, 4], 3, 4, [0, 2, 1, 3], AllHidden(3, float.NegativeInfinity)),
        ([1, 40, 1, 8], 1500, 8, [0, 2, 1, 3], Normal(40, 1500)),
        ([2, 300, 8], 300, 12, [0, 1, 2], None),
    ];

    private static readonly (long[] Packed, Func<Random, HostTensor> Mask)[] Together =
    [
        ([1, 1, 3, 1, 1], None), ([2, 5, 3, 3, 4], Normal(5, 5)), ([2, 65, 3, 2, 64], None), ([1, 128, 3, 3, 64], Causal(128, float.NegativeInfinity)),
        ([3, 19, 3, 1, 17], Normal(3, 1, 1, 19)), ([1, 200, 3, 2, 33], Causal(200, float.MinValue)),
    ];

    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["Attention"] = [.. Separate.Select(c => Forward(c.Q, c.Keys, c.Columns, c.Perm, c.Mask))],
        ["AttentionGrad"] =
        [
            .. Separate.Select(c => Gradient(c.Q, c.Keys, c.Columns, c.Perm, c.Mask)),
            .. new int[][] { [], [1] }.Select(without => Gradient([2, 5, 4], 6, 3, [0, 1, 2], None) with { Without = without }),
        ],
        ["PackedAttention"] = [.. Together.Select(c => Packed(c.Packed, c.Mask))],
        ["PackedAttentionGrad"] = [.. Together.Select(c => PackedGradient(c.Packed, c.Mask))],
    };

    internal static KernelCase Forward(long[] q, long keys, long columns, int[] perm, Func<Random, HostTensor> mask) =>
        new([.. Operands(q, keys, columns, perm), Scale, mask], Attributes(perm));

    internal static KernelCase Gradient(long[] q, long keys, long columns, int[] perm, Func<Random, HostTensor> mask) =>
        new([Normal([.. q[..^1], columns]), .. Operands(q, keys, columns, perm), Scale, mask], Attributes(perm));

    internal static KernelCase Packed(long[] packed, Func<Random, HostTensor> mask) => new([Normal(packed), Scale, mask]);

    internal static KernelCase PackedGradient(long[] packed, Func<Random, HostTensor> mask) =>
        new([Normal([.. packed[..2], .. packed[3..]]), Normal(packed), Scale, mask]);

    // K and V differ from Q in how many rows they have, V in its columns too.
    private static Func<Random, HostTensor>[] Operands(long[] q, long keys, long columns, int[] perm)
    {
        long[] k = [.. q];
        k[perm[^2]] = keys;
        return [Normal(q), Normal(k), Normal([.. k[..^1], columns])];
    }

    private static Attribute[] Attributes(int[] perm) =>
        [("perm", [.. perm.Select(a => (long)a)]), ("turn", [.. Enumerable.Range(0, perm.Length - 2).Select(a => (long)a), perm.Length - 1, perm.Length - 2])];

    internal static Func<Random, HostTensor> Causal(int length, float hidden) =>
        _ => HostTensor.Of<float>([.. Enumerable.Range(0, length * length).Select(i => i % length > i / length ? hidden : 0)], length, length);

    // The second query may look at nothing.
    private static Func<Random, HostTensor> AllHidden(int length, float hidden) =>
        _ => HostTensor.Of<float>([.. Enumerable.Range(0, length * length).Select(i => i / length == 1 ? hidden : 0)], length, length);
}
