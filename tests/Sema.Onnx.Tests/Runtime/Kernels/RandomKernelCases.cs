using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Nodes of random sizes and attributes: small ones, around the sizes of vectors, tiles and blocks.</summary>
internal static class RandomKernelCases
{
    private static readonly Func<Random, KernelCase> Pair = random => Image(random) is var s ? new([Normal(s), Normal(s)]) : null!;

    internal static readonly Dictionary<string, Func<Random, KernelCase>> Table = new(RecurrentKernelCases.OfSizes.Select(k => Recurrent(k.Key, k.Value)))
    {
        ["ReluGrad"] = Pair,
        ["GeluGrad"] = Pair,
        ["GeluTanhGrad"] = Pair,
        ["After"] = random => new([Normal(Image(random)), Normal(Image(random))]),
        ["SoftmaxGrad"] = random =>
        {
            var s = Image(random);
            var first = random.Next(s.Length);
            return NormalizationKernelCases.Softmax(s, [.. Enumerable.Range(first, random.Next(1, s.Length - first + 1))]);
        },
        ["Attention"] = random => Attention(random, AttentionKernelCases.Forward),
        ["AttentionGrad"] = random => Attention(random, AttentionKernelCases.Gradient),
        ["PackedAttention"] = random => Packed(random, AttentionKernelCases.Packed),
        ["PackedAttentionGrad"] = random => Packed(random, AttentionKernelCases.PackedGradient),
        ["LinearWeightGrad"] = Linear,
        ["LinearWeightGradTurned"] = Linear,
        ["Convolution"] = random => ConvolutionKernelCases.Forward(Windows(random), random.Next(2) == 0),
        ["ConvInputGradUnit"] = random => ConvolutionKernelCases.UnitInputGrad(Windows(random, unit: true)),
        ["ConvInputGrad"] = random => ConvolutionKernelCases.InputGrad(Windows(random)),
        ["ConvWeightGrad1D"] = random => ConvolutionKernelCases.WeightGrad(Windows(random, 1)),
        ["ConvWeightGrad"] = random => ConvolutionKernelCases.WeightGrad(Windows(random, 2)),
        ["ConvWeightGrad3D"] = random => ConvolutionKernelCases.WeightGrad(Windows(random, 3)),
        ["BatchNormalizationTraining"] = random => NormalizationKernelCases.Batch(Image(random, 2)),
        ["BatchNormalizationClipTraining"] = random => NormalizationKernelCases.ClippedBatch(Image(random, 2)),
        ["BatchNormalizationTrainingGrad"] = random => NormalizationKernelCases.BatchGrad(Image(random, 2)),
        ["BatchNormalizationGrad"] = random => NormalizationKernelCases.BatchGrad(Image(random, 2)),
        ["BatchNormalizationClipTrainingGrad"] = random => NormalizationKernelCases.ClippedBatchGrad(Image(random, 2)),
        ["LayerNormalizationTraining"] = random => Image(random) is var s ? NormalizationKernelCases.Layer(s, random.Next(s.Length)) : null!,
        ["LayerNormalizationGrad"] = random => Image(random) is var s ? NormalizationKernelCases.LayerGrad(s, random.Next(s.Length)) : null!,
        ["CrossEntropy"] = random => Loss(random, LossKernelCases.Forward),
        ["CrossEntropyGrad"] = random => Loss(random, LossKernelCases.Gradient),
        ["MaxPoolTraining"] = random => Windows(random, random.Next(1, 3), kind: 1) is var f ? PoolingKernelCases.Window(f.X, f.Kernel, f.Strides, f.Pads) : null!,
        ["MaxPoolGrad"] = random => Windows(random, kind: 1) is var f ? PoolingKernelCases.Pool(f.Y, f.X) : null!,
    };

    private static long Size(Random random, int most) => random.Next(1, random.Next(1, most) + 1);

    // Some axes whose sizes are not too large together.
    private static long[] Image(Random random, int least = 1)
    {
        long[] sizes = [.. Enumerable.Range(0, random.Next(least, 6)).Select(_ => Size(random, 130))];
        return sizes.Aggregate(1.0, (n, s) => n * s) <= 20000 ? sizes : Image(random, least);
    }

    private static KeyValuePair<string, Func<Random, KernelCase>> Recurrent(string name, Func<(long D, long T, long B, long H), KernelCase> of) =>
        new(name, random => of((random.Next(1, 3), random.Next(1, 5), Size(random, 30), Size(random, 140))));

    private static KernelCase Attention(Random random, Func<long[], long, long, int[], Func<Random, HostTensor>, KernelCase> of)
    {
        var perm = (int[])(random.Next(5) switch { 0 => [0, 1], 1 => [1, 0, 2], 2 => [0, 1, 2], 3 => [0, 2, 1, 3], _ => [0, 1, 2, 3] });
        long[] q = [.. perm.Select(_ => (long)random.Next(1, 4))];
        var rows = q[perm[^2]] = Size(random, 140);
        q[^1] = Size(random, 80);
        var keys = random.Next(3) == 0 ? rows : Size(random, 140);
        return of(q, keys, Size(random, 80), perm, Mask(random, rows, keys));
    }

    private static KernelCase Packed(Random random, Func<long[], Func<Random, HostTensor>, KernelCase> of)
    {
        var rows = Size(random, 140);
        return of([random.Next(1, 4), rows, 3, random.Next(1, 4), Size(random, 80)], Mask(random, rows, rows));
    }

    private static Func<Random, HostTensor> Mask(Random random, long rows, long keys) => random.Next(4) switch
    {
        0 => AttentionKernelCases.None,
        1 => Normal(rows, keys),
        2 when rows == keys => AttentionKernelCases.Causal((int)rows, float.NegativeInfinity),
        _ => Normal(1, keys),
    };

    private static KernelCase Linear(Random random)
    {
        var rows = Size(random, 400);
        return new([Normal(rows, Size(random, 250)), Normal(rows, Size(random, 250))]);
    }

    private static KernelCase Loss(Random random, Func<int, int, int, int, float, KernelCase> of)
    {
        var (rows, classes) = ((int)Size(random, 300), (int)Size(random, 150));
        return of(rows, classes, classes, random.Next(-1, classes), random.Next(2) * 0.1f);
    }

    // Kinds: 0 any, 1 depthwise (and pooling), 2 what Winograd's form is for, 3 one element.
    private static ConvolutionKernelCases.Form Windows(Random random, int axes = 0, bool unit = false, int kind = -1)
    {
        axes = axes == 0 ? random.Next(8) switch { 0 => 1, 1 => 3, _ => 2 } : axes;
        kind = kind < 0 ? random.Next(5) : kind;
        long Any(int most) => random.Next(2) == 0 ? 1 : random.Next(1, most + 1);
        long[] Each(Func<int, long> draw) => [.. Enumerable.Range(0, axes).Select(draw)];
        var kernel = kind switch { 2 => Each(_ => 3), 3 => Each(_ => 1), _ when random.Next(3) == 0 => Each(_ => 3), _ => Each(_ => random.Next(1, 8)) };
        var strides = unit || kind == 2 ? Each(_ => 1) : random.Next(3) == 0 ? Each(_ => 2) : Each(_ => Any(4));
        var dilations = kind == 2 ? Each(_ => 1) : Each(_ => Any(3));
        var reach = Each(i => ((kernel[i] - 1) * dilations[i]) + 1);
        var isPool = kind == 1 && !unit;
        var pads = new long[2 * axes];
        for (var i = 0; i < pads.Length; i++)
            pads[i] = random.Next((int)(isPool ? kernel[i % axes] : reach[i % axes]));
        var groups = kind == 1 ? Size(random, 40) : kind == 2 ? random.Next(1, 3) : Any(4);
        var (channels, outputs) = kind switch { 1 => (1, 1), 2 => (random.Next(8, 41), random.Next(8, 41)), _ => (Size(random, 40), Size(random, 40)) };
        var plane = Each(i => Math.Max(1, reach[i] - pads[i] - pads[axes + i]) + random.Next(axes == 3 ? 9 : axes == 2 ? 40 : 130));
        var form = new ConvolutionKernelCases.Form([random.Next(1, 4), channels * groups, .. plane], outputs * groups, kernel, pads)
        { Strides = strides, Dilations = dilations, Groups = groups };
        var work = form.W.Concat(form.Y[2..]).Aggregate((double)form.X[0], (n, s) => n * s);
        return work < 4e6 ? form : Windows(random, axes, unit, kind);
    }
}
