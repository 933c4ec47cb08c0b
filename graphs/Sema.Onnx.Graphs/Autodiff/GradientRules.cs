using System.Collections.Frozen;
using Sema.Onnx.Graphs.Autodiff.Rules;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>The gradient rules of all operators: one table a family, in <c>Rules/</c>.</summary>
/// <remarks>
/// Convention: <c>y</c> is the node (<c>y[i]</c> its input i, <c>y.Output</c> its result) and <c>dY</c> the gradient of the
/// loss with respect to that result. A pullback returns the gradient in the output's shape on broadcast axes;
/// <see cref="Differentiator"/> alone sums it to the input's shape, adds up shared inputs and skips what nobody asked for.
/// </remarks>
internal static class GradientRules
{
    private static readonly FrozenDictionary<string, GradientRule> Table = new[]
    {
        Elementwise.Rules, Activations.Rules, Matrices.Rules, Reductions.Rules, Movers.Rules, Resampling.Rules, Indexing.Rules, Convolutions.Rules,
        Pooling.Rules, Normalizations.Rules, Recurrent.Rules, LossRules.Rules, ControlFlow.Rules, Sampling.Rules, Regions.Rules,
        DeformableConvolutions.Rules, AttentionRules.Rules, Spectral.Rules, Rules.Quantization.Rules,
    }.SelectMany(family => family).ToFrozenDictionary();

    private static readonly FrozenSet<string> Flat = WithoutGradient.Flat.SelectMany(group => group.Operators).ToFrozenSet();

    /// <summary>Gets every operator with a rule, sorted by name.</summary>
    internal static IEnumerable<string> Operators => Table.Keys.Order(StringComparer.Ordinal);

    /// <summary>Gets every operator that carries no gradient, sorted by name.</summary>
    internal static IEnumerable<string> NotDifferentiable => Flat.Order(StringComparer.Ordinal);

    /// <summary>Gets the rule of a node's operator, or <see langword="null"/> where there is none for its form.</summary>
    internal static GradientRule? Find(Node node) => Table.GetValueOrDefault(node.QualifiedType) is { } rule && rule.Knows(node) ? rule : null;

    /// <summary>Gets whether a node's results carry no gradient by their nature.</summary>
    internal static bool IsNotDifferentiable(Node node) => node.Domain.Length == 0 && Flat.Contains(node.OpType);
}
