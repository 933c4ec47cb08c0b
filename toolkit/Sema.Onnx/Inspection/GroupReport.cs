using Sema.Onnx.Graphs.Composition;

namespace Sema.Onnx.Inspection;

/// <summary>A group of weights that training would move alike.</summary>
/// <param name="Name">Its name: <c>decay</c>, <c>no_decay</c>, or the layer and the name pattern that decide.</param>
/// <param name="Tensors">How many weights it holds.</param>
/// <param name="Elements">Their elements.</param>
/// <param name="RateScale">What the learning rate is multiplied by.</param>
/// <param name="WeightDecay">Its weight decay; <see langword="null"/> for the optimizer's.</param>
public sealed record GroupReport(string Name, int Tensors, long Elements, double RateScale, double? WeightDecay)
{
    /// <summary>Gets the trained groups of a layout.</summary>
    /// <param name="layout">The layout.</param>
    public static IReadOnlyList<GroupReport> Of(ParameterLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        return [.. layout.Groups.Where(g => g.Trained).Select(g => (Group: g, Weights: layout.Parameters.Where(p => p.Group == g.Name).ToList()))
            .Select(g => new GroupReport(g.Group.Name, g.Weights.Count, g.Weights.Sum(p => p.Count), g.Group.RateScale, g.Group.WeightDecay))];
    }
}
