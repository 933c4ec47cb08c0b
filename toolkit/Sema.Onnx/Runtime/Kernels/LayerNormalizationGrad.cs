using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The gradients of layer normalisation: each row of dY and X is read from memory once, of dX written once.</summary>
/// <remarks>The sums over the rows are taken in parts, as many as the shape says, and those added in order: no thread changes a bit.</remarks>
internal sealed unsafe class LayerNormalizationGrad(int[] axes) : Kernel
{
    internal static readonly KernelDefinition Definition = new("LayerNormalizationGrad", Floats(5), Floats(3), node => new LayerNormalizationGrad(node.Ints("axes")))
    {
        InPlace = true,
    };

    private const int MostParts = 16;

    private float[] _sums = [];

    private static ElementType[] Floats(int count) => [.. Enumerable.Repeat(ElementType.Float32, count)];

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), x = context.Input(1), scale = context.Input(2), mean = context.Input(3), inverse = context.Input(4);
        var dX = context.Output(0, x.Sizes);
        var axis = axes.Length == 0 ? x.Sizes.Length : axes[0];
        Require(axis >= 0 && axis <= x.Sizes.Length && dY.Sizes.AsSpan().SequenceEqual(x.Sizes),
            $"LayerNormalizationGrad: dY has {dY.Sizes.Length} axes, X {x.Sizes.Length}, of which those from {axis} on are normalised; the two must be of one size.");
        long rows = x.Product(0, axis), width = x.Product(axis, x.Sizes.Length);
        int[] row = [.. x.Sizes.Select((size, i) => i < axis ? size : 1)];
        Require(scale.Count == width && mean.Sizes.AsSpan().SequenceEqual(row) && inverse.Sizes.AsSpan().SequenceEqual(row),
            $"LayerNormalizationGrad: scale, mean and deviation have {scale.Count}, {mean.Count} and {inverse.Count} elements, and there are {rows} rows of {width}.");
        var parts = (int)Math.Clamp(rows * width >> 14, 1, Math.Min(MostParts, Math.Max(rows, 1)));
        if (_sums.Length < parts * 2 * width)
            _sums = new float[parts * 2 * width];
        Array.Clear(_sums, 0, (int)(parts * 2 * width));
        fixed (float* sums = _sums)
        {
            var first = (nint)sums;
            context.Parallel(parts, part =>
            {
                var dScales = (float*)first + part * 2 * width;
                for (var row = rows * part / parts; row < rows * (part + 1) / parts; row++)
                {
                    var at = row * width;
                    var (sum, product) = Sums(dY.Floats + at, x.Floats + at, scale.Floats, dScales, dScales + width, width, mean.Floats[row], inverse.Floats[row]);
                    Gradient(dY.Floats + at, x.Floats + at, scale.Floats, dX.Floats + at, width, mean.Floats[row], inverse.Floats[row], sum / width, product / width);
                }
            });
            int[] sizes = [.. x.Sizes.AsSpan(axis)];
            Total(context.Output(1, sizes), sums, parts, width);
            Total(context.Output(2, sizes), sums + width, parts, width);
        }
    }

    private static void Total(KernelTensor total, float* sums, int parts, long width)
    {
        if (total.Data == 0)
            return;
        for (long i = 0; i < width; i++)
        {
            double sum = 0;
            for (var part = 0; part < parts; part++)
                sum += sums[part * 2 * width + i];
            total.Floats[i] = (float)sum;
        }
    }

    // With g = dY scale and x̂ = (X − mean) inverse: Σ g and Σ g x̂ of a row; dY x̂ and dY are added to the sums over the rows.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (float Sum, float Product) Sums(float* dY, float* x, float* scale, float* dScale, float* dB, long width, float mean, float inverse)
    {
        Vector512<float> s = default, p = default, m = Vector512.Create(mean), v = Vector512.Create(inverse);
        long i = 0;
        for (; i <= width - 16; i += 16)
        {
            Vector512<float> d = Vector512.Load(dY + i), g = d * Vector512.Load(scale + i), normal = (Vector512.Load(x + i) - m) * v;
            s += g;
            p = Vector512.FusedMultiplyAdd(g, normal, p);
            Vector512.FusedMultiplyAdd(d, normal, Vector512.Load(dScale + i)).Store(dScale + i);
            (d + Vector512.Load(dB + i)).Store(dB + i);
        }

        if (i < width)
        {
            var rest = width - i;
            Vector512<float> d = Lanes.Load(dY + i, rest), g = d * Lanes.Load(scale + i, rest), normal = (Lanes.Load(x + i, rest) - m) * v;
            s += g;
            p = Vector512.FusedMultiplyAdd(g, normal, p);
            Lanes.Store(Vector512.FusedMultiplyAdd(d, normal, Lanes.Load(dScale + i, rest)), dScale + i, rest);
            Lanes.Store(d + Lanes.Load(dB + i, rest), dB + i, rest);
        }

        return (Vector512.Sum(s), Vector512.Sum(p));
    }

    // dX = inverse (g − mean(g) − x̂ mean(g x̂))
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gradient(float* dY, float* x, float* scale, float* dX, long width, float mean, float inverse, float shift, float slope)
    {
        Vector512<float> m = Vector512.Create(mean), v = Vector512.Create(inverse), s = Vector512.Create(shift), k = Vector512.Create(slope * inverse);
        long i = 0;
        for (; i <= width - 16; i += 16)
        {
            var g = Vector512.FusedMultiplyAdd(Vector512.Load(dY + i), Vector512.Load(scale + i), -s);
            (v * Vector512.FusedMultiplyAdd(m - Vector512.Load(x + i), k, g)).Store(dX + i);
        }

        if (i < width)
        {
            var rest = width - i;
            var g = Vector512.FusedMultiplyAdd(Lanes.Load(dY + i, rest), Lanes.Load(scale + i, rest), -s);
            Lanes.Store(v * Vector512.FusedMultiplyAdd(m - Lanes.Load(x + i, rest), k, g), dX + i, rest);
        }
    }
}
