using System.Runtime.InteropServices;
using static Sema.Onnx.Graphs.Autodiff.Operand;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>Cases of Fourier transforms, determinants, losses and look-ups by one-hot vectors.</summary>
internal static class SignalCases
{
    private static readonly string[] Reductions = ["none", "sum", "mean"];

    private static readonly Operand Targets = Ids([4], 0, 2, 1, 1);

    internal static readonly Dictionary<string, GradientCase[]> Table = new()
    {
        ["DFT"] =   // the runtime computes some of its factors in float32
        [
            .. from parts in new long[] { 1, 2 }
               from inverse in new long[] { 0, 1 }
               from length in new Operand?[] { null, Scalar(4), Scalar(9) }
               select new GradientCase(F(2, 6, parts), length, Scalar(1)).With(("inverse", inverse)).Within(1e-6).Sized(),
            .. from length in new Operand?[] { null, Scalar(4), Scalar(8) }
               select new GradientCase(F(2, 5, 1), length).With(("onesided", 1L)).Within(1e-6).Sized(),
            new GradientCase(F(4, 3, 2), null, Scalar(0)).Within(1e-6).Sized(Known.All), new GradientCase(F(2, 3, 4, 1), null, Scalar(-3)).With(("onesided", 1L)).Within(1e-6).Sized(),
        ],
        ["STFT"] =
        [
            .. from onesided in new long[] { 0, 1 }
               from window in new Operand?[] { null, F(6) }
               select new GradientCase(F(2, 17, 1), Scalar(3), window, Scalar(6)).With(("onesided", onesided)).Within(1e-6).Sized(),
            new GradientCase(F(2, 17, 1), Scalar(2), F(5)).Within(1e-6).Sized(Known.All), new GradientCase(F(1, 12, 2), Scalar(4), null, Scalar(4)).With(("onesided", 0L)).Within(1e-6).Sized(),
            new GradientCase(F(1, 14, 1), Scalar(5), F(4).Constant()).Within(1e-6).Sized(),   // frames that leave gaps
        ],
        ["Det"] = [.. new[] { F(1, 1), F(2, 2), F(3, 3), F(2, 4, 4), F(2, 3, 2, 2) }.Select(x => new GradientCase(x).Float32().Within(1e-3).Sized())],
        ["CastLike"] = [new(F(2, 3), Operand.Scalar(0)), new GradientCase(F(2, 3), Operand.Scalar(0)).Linear32()],
        ["Unique"] =
        [
            new(F(3, 4).Spread()), new GradientCase(F(3, 4).Spread()).With(("axis", 0L)), new GradientCase(F(3, 4).Spread()).With(("axis", -1L), ("sorted", 0L)),
        ],
        ["OptionalGetElement"] = [new(F(2, 3))],
        ["OneHot"] =
        [
            .. from axis in new long[] { -1, 0, 1, -2 }
               select new GradientCase(Ids([2, 3], 0, 1, 3, -1, 5, 1), Scalar(4), F(2)).Linear32().With(("axis", axis)),
            new GradientCase(Ids([1], 1), I(3), F(2)).Linear32(),
        ],
        ["NegativeLogLikelihoodLoss"] = Losses(),
        ["SoftmaxCrossEntropyLoss"] =
        [
            .. Losses(), .. Losses().Select(c => c.Making(2)), new GradientCase(F(4, 3), Targets).Making(2, 1..),
        ],
    };

    private static Operand Scalar(long value) => new() { Fixed = Tensor.Scalar(value), IsConstant = true };

    private static Operand Int32(params int[] elements) =>
        new(elements.Length) { Fixed = new(ElementType.Int32, [elements.Length], MemoryMarshal.AsBytes<int>(elements).ToArray()) };

    private static GradientCase[] Losses() =>
    [
        .. from reduction in Reductions
           from weights in new Operand?[] { null, F(3).In(0.5, 2).Constant() }
           from ignored in new long?[] { null, 1, -1 }
           from shapes in new (long[] X, long[] Target)[] { ([4, 3], [4]), ([2, 3, 2], [2, 2]), ([1, 3, 2, 2], [1, 2, 2]) }
           let target = Ids(shapes.Target, ignored == -1 ? [0, 2, -1, 1] : [0, 2, 1, 1])
           let c = new GradientCase(weights is null ? [F(shapes.X), target] : [F(shapes.X), target, weights])
           select ignored is { } i ? c.With(("reduction", reduction), ("ignore_index", i)) : c.With(("reduction", reduction)),
        new(F(4, 3), Targets), new(F(4, 3), Int32(0, 2, 1, 1)),
    ];
}
