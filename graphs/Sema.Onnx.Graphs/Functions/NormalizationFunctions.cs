using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>Batch normalisation in training, and the gradients of the normalisations and of softmax.</summary>
/// <remarks>Throughout: x̂ = (X − mean) / √(var + ε), Y = scale x̂ + B; channels are axis 1, <c>axes</c> all the others.</remarks>
internal static class NormalizationFunctions
{
    internal static readonly Function[] All =
    [
        // Ioffe and Szegedy 2015, algorithm 1. var is the biased variance of the batch.
        Define("BatchNormalizationTraining", ["X", "scale", "B"], ["epsilon", "axes"], f =>
        {
            var (y, mean, variance) = Normalised(f);
            return [y, mean, variance];
        }),

        // dB = Σ dY,  dscale = Σ dY x̂,  dX = scale/√(var + ε) (dY − dB/n − x̂ dscale/n), for the n elements of a channel
        Define("BatchNormalizationTrainingGrad", ["dY", "X", "scale", "mean", "var"], ["epsilon", "axes"], f =>
            NormalisedGrad(f, f[0], ByChannel(f, f[2], f[1]), Normal(f, f[3], f[4]))),

        // The same with the activation behind it, Y = clip(scale x̂ + B, low, high): ReLU and ReLU6
        Define("BatchNormalizationClipTraining", ["X", "scale", "B"], ["epsilon", "axes", "low", "high"], f =>
        {
            var (y, mean, variance) = Normalised(f);
            return [y.Max(f.Float("low").CastLike(y)).Min(f.Float("high").CastLike(y)), mean, variance];
        }),

        // dY counts where low < Y < high: 0 at the bounds
        Define("BatchNormalizationClipTrainingGrad", ["dY", "X", "scale", "B", "mean", "var"], ["epsilon", "axes", "low", "high"], f =>
        {
            var (x, scale, (normal, inverse)) = (f[1], ByChannel(f, f[2], f[1]), Normal(f, f[4], f[5]));
            var y = normal * scale + ByChannel(f, f[3], x);
            var inside = y.Greater(f.Float("low").CastLike(y)).And(y.Less(f.Float("high").CastLike(y)));
            return NormalisedGrad(f, f[0].Masked(inside), scale, (normal, inverse));
        }),

        // The same with constant statistics: dX = dY scale/√(var + ε)
        Define("BatchNormalizationGrad", ["dY", "X", "scale", "mean", "var"], ["epsilon", "axes"], f =>
        {
            var (dY, x, axes) = (f[0], f[1], f.Ints("axes"));
            var inverse = Inverse(f, f[4]);
            return
            [
                dY * ByChannel(f, f[2] * inverse, x),
                (dY * (x - ByChannel(f, f[3], x))).Sum(axes, keep: false) * inverse,
                dY.Sum(axes, keep: false),
            ];
        }),

        // The standard's operator with the outputs that its gradient reads
        Define("LayerNormalizationTraining", ["X", "scale", "B"], ["epsilon", "axis"], f =>
            [.. f[0].Graph.AddNode("LayerNormalization", "", [f[0], f[1], f[2]], [("epsilon", FloatOf("epsilon")), ("axis", IntOf("axis"))], 3).Outputs!]),

        // g = dY scale:  dX = InvStdDev (g − mean(g) − x̂ mean(g x̂)) over the normalised axes; dscale and dB are sums over the others
        Define("LayerNormalizationGrad", ["dY", "X", "scale", "Mean", "InvStdDev"], ["axes", "batch_axes"], f =>
        {
            var (dY, x, axes, batch) = (f[0], f[1], f.Ints("axes"), f.Ints("batch_axes"));
            var inverse = f[4].CastLike(x);
            var normal = (x - f[3].CastLike(x)) * inverse;
            var g = dY * f[2];
            var dX = inverse * (g - Mean(g, axes, keep: true) - normal * Mean(g * normal, axes, keep: true));
            return [dX, (dY * normal).Sum(batch, keep: false), dY.Sum(batch, keep: false)];
        }),

        // The same within each group of channels: groups of them, or 0 where each channel is its own; axes are all but the channels
        Define("GroupNormalizationGrad", ["dY", "X", "scale"], ["epsilon", "groups", "axes"], f =>
        {
            var (dY, x, axes, all) = (f[0], f[1], f.Ints("axes"), f.Vector(2));
            var (shape, byGroup) = (x.DynamicShape(), Operators.Concat([f.Vector(0), f.IntVector("groups"), f.Vector(-1)], 0));
            var centred = Grouped(x) - Mean(Grouped(x), all, keep: true);
            var inverse = Inverse(f, Mean(centred.Square(), all, keep: true));
            var (normal, g) = (centred * inverse, Grouped(dY * ByChannel(f, f[2], x)));
            var dX = inverse * (g - Mean(g, all, keep: true) - normal * Mean(g * normal, all, keep: true));
            return [dX.Reshape(shape), (dY * normal.Reshape(shape)).Sum(axes, keep: false), dY.Sum(axes, keep: false)];

            Value Grouped(Value value) => value.Graph.Emit("Reshape", [value, byGroup]);
        }),

        // Y = softmax(X):  dX = Y (dY − Σ dY Y)
        Define("SoftmaxGrad", ["dY", "Y"], ["axes"], f => [f[1] * (f[0] - (f[0] * f[1]).Sum(f.Ints("axes"), keep: true))]),

        // Y = log softmax(X):  dX = dY − e^Y Σ dY
        Define("LogSoftmaxGrad", ["dY", "Y"], ["axes"], f => [f[0] - f[1].Exp() * f[0].Sum(f.Ints("axes"), keep: true)]),
    ];

    private static (Value Y, Value Mean, Value Variance) Normalised(FunctionBuilder f)
    {
        var (x, axes) = (f[0], f.Ints("axes"));
        var mean = Mean(x, axes, keep: true);
        var centred = x - mean;
        var variance = Mean(centred.Square(), axes, keep: true);
        var y = centred * (ByChannel(f, f[1], x) * Inverse(f, variance)) + ByChannel(f, f[2], x);
        return (y, mean.Reshape(-1), variance.Reshape(-1));
    }

    // x̂ and 1/√(var + ε), of X, the second input
    private static (Value Normal, Value Inverse) Normal(FunctionBuilder f, Value mean, Value variance)
    {
        var inverse = Inverse(f, ByChannel(f, variance, f[1]));
        return ((f[1] - ByChannel(f, mean, f[1])) * inverse, inverse);
    }

    private static Value[] NormalisedGrad(FunctionBuilder f, Value dY, Value scale, (Value Normal, Value Inverse) x)
    {
        var axes = f.Ints("axes");
        var dX = scale * x.Inverse * (dY - Mean(dY, axes, keep: true) - x.Normal * Mean(dY * x.Normal, axes, keep: true));
        return [dX, (dY * x.Normal).Sum(axes, keep: false), dY.Sum(axes, keep: false)];
    }

    private static Value Inverse(FunctionBuilder f, Value variance) => (variance + f.Float("epsilon").CastLike(variance)).Sqrt().Reciprocal();

    private static Value Mean(Value x, Value axes, bool keep) => x.Graph.Emit("ReduceMean", [x, axes], ("keepdims", keep ? 1 : 0));

    // [C] as [C, 1, ..., 1], to stand beside X.
    private static Value ByChannel(FunctionBuilder f, Value vector, Value x)
    {
        var spatial = x.DynamicShape().DynamicShape() - f.Vector(2);
        var ones = x.Graph.Emit("ConstantOfShape", [spatial], ("value", Tensor.Vector(1)));
        return vector.Reshape(Operators.Concat([f.Vector(-1), ones], 0));
    }
}
