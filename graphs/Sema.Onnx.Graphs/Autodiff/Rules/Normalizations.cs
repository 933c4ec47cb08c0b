using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Normalisations; their gradients are functions of ours.</summary>
internal static class Normalizations
{
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // Running statistics are constants here; in training mode the node is com.sema.BatchNormalizationTraining.
        ["BatchNormalization"] = Joint((y, dYs) => y.Graph.CallAll("BatchNormalizationGrad",
            [dYs[0], y[0], y[1], y[3], y[4]], 3, ("epsilon", y.Float("epsilon", 1e-5f)), Channels(y)), differentiable: 3, outputs: 1),
        ["com.sema.BatchNormalizationTraining"] = Joint((y, dYs) => y.Graph.CallAll("BatchNormalizationTrainingGrad",
            [dYs[0], y[0], y[1], y.Outputs[1], y.Outputs[2]], 3, ("epsilon", y.Float("epsilon", 1e-5f)), Channels(y)), differentiable: 3, outputs: 1),
        ["com.sema.BatchNormalizationClipTraining"] = Joint((y, dYs) => y.Graph.CallAll("BatchNormalizationClipTrainingGrad",
            [dYs[0], y[0], y[1], y[2], y.Outputs[1], y.Outputs[2]], 3, y.Attributes), differentiable: 3, outputs: 1),
        ["LayerNormalization"] = Joint(LayerNormalization, differentiable: 3, outputs: 1).When(HasStandardParameters),
        ["com.sema.LayerNormalizationTraining"] = Joint(LayerNormalization, differentiable: 3, outputs: 1),
        ["InstanceNormalization"] = Joint((y, dYs) => GroupNormalization(y, dYs, groups: 0), differentiable: 3),   // each channel is a group
        ["GroupNormalization"] = Joint((y, dYs) => GroupNormalization(y, dYs, y.Int("num_groups", 0)), differentiable: 3),
        ["LpNormalization"] = Of([LpNormalization]),
        ["LRN"] = Of([LocalResponse]),
        ["MeanVarianceNormalization"] = Of([MeanVariance]),
    };

    /// <summary>What LRN divides by, before the power: s = bias + alpha/size Σ x² over the neighbouring channels.</summary>
    internal static Value LocalScale(Node y)
    {
        var (before, after) = Neighbours(y);
        return OverChannels(y[0].Square(), y[0].Rank, before, after) * ((double)y.Float("alpha", 1e-4f) / y.Int("size", 1)) + y.Float("bias", 1);
    }

    private static Attribute Channels(Node y) => ("axes", Convolutions.AllButChannels(y));

    /// <summary>Gets whether a layer normalisation has scale and bias as the standard has them; the runtime also broadcasts others.</summary>
    internal static bool HasStandardParameters(Node y) => Fits(y, y[1]) && Fits(y, y.Optional(2));

    private static bool Fits(Node y, Value? parameter)
    {
        if (parameter?.Shape is not { } shape || y[0].Shape is not { } x)
            return true;
        var axis = y.Axis("axis", -1, x.Rank);
        return shape.Rank == x.Rank - axis && shape.Zip(x.Skip(axis)).All(d => !d.First.IsKnown || !d.Second.IsKnown || d.First.Size == d.Second.Size);
    }

    private static IReadOnlyList<Value?> LayerNormalization(Node y, IReadOnlyList<Value?> dYs)
    {
        var rank = y[0].Rank;
        var axis = y.Axis("axis", -1, rank);
        var (mean, inverse) = (y.NeedOutput(1, ElementType.Float32), y.NeedOutput(2, ElementType.Float32));
        return y.Graph.CallAll("LayerNormalizationGrad", [dYs[0], y[0], y[1], mean, inverse], 3,
            ("axes", [.. Enumerable.Range(axis, rank - axis).Select(i => (long)i)]), ("batch_axes", [.. Enumerable.Range(0, axis).Select(i => (long)i)]));
    }

    private static List<Value?> GroupNormalization(Node y, IReadOnlyList<Value?> dYs, long groups) => y.Graph.CallAll(
        "GroupNormalizationGrad", [dYs[0], y[0], y[1]], 3, ("epsilon", y.Float("epsilon", 1e-5f)), ("groups", groups), Channels(y));

    // y = x/‖x‖:  (dY − n Σ dY y)/‖x‖, n the norm's slope: sign x for p = 1, y for p = 2; 0 where x = 0 altogether
    private static Value LpNormalization(Node y, Value dY)
    {
        var (x, manhattan, axes) = (y[0], y.Int("p", 2) == 1, new long[] { y.Axis("axis", -1, y[0].Rank) });
        var norm = manhattan ? x.Abs().Sum(axes, keep: true) : x.Square().Sum(axes, keep: true).Sqrt();
        var dX = (dY - (manhattan ? x.Sign() : y.Output) * (dY * y.Output).Sum(axes, keep: true)) / norm;
        return dX.Masked(norm.Greater(norm.Like(0)));
    }

    // y = x s^−β:  dY s^−β − 2αβ/size x Σ dY y/s, over the channels whose sums x is in
    private static Value LocalResponse(Node y, Value dY)
    {
        var ((before, after), s, beta) = (Neighbours(y), LocalScale(y), (double)y.Float("beta", 0.75f));
        var slope = 2.0 * y.Float("alpha", 1e-4f) * beta / y.Int("size", 1);
        return dY * s.Pow(s.Like(-beta)) - y[0] * OverChannels(dY * y.Output / s, y[0].Rank, after, before) * slope;
    }

    // How many channels before and after its own count.
    private static (long Before, long After) Neighbours(Node y) => ((y.Int("size", 1) - 1) / 2, y.Int("size", 1) / 2);

    // The sum of each channel, some before it and some after it.
    private static Value OverChannels(Value x, int rank, long before, long after)
    {
        var graph = x.Graph;
        var padded = x.Padded(rank, 1, before, after);
        return graph.Emit("Sum", [.. Enumerable.Range(0, (int)(before + after + 1))
            .Select(i => padded.Slice(1, i, i == before + after ? long.MaxValue : i - before - after))]);
    }

    // y = (x − mean)/σ:  (dY − mean(dY) − y mean(dY y))/σ. The operator adds 1e-9 to σ, which the last term neglects.
    private static Value MeanVariance(Node y, Value dY)
    {
        var (x, axes) = (y[0], y.Ints("axes") ?? [0, 2, 3]);
        var deviation = (x - x.Mean(axes, keep: true)).Square().Mean(axes, keep: true).Sqrt() + 1e-9;
        return (dY - dY.Mean(axes, keep: true) - y.Output * (dY * y.Output).Mean(axes, keep: true)) / deviation;
    }
}
