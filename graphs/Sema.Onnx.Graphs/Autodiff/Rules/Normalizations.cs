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
        ["LayerNormalization"] = Joint(LayerNormalization, differentiable: 3, outputs: 1).When(y => Fits(y, y[1]) && Fits(y, y.Optional(2))),
    };

    private static Attribute Channels(Node y) => ("axes", Convolutions.AllButChannels(y));

    // Scale and bias as the standard has them; the runtime also broadcasts others.
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
}
