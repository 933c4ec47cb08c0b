using System.Globalization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification;

/// <summary>The graph that computes a loss and the graph that computes its gradients give different losses at one point.</summary>
/// <remarks>Gradients of one function would be held against differences of another; what ONNX Runtime made of one of the graphs is wrong or coarse.</remarks>
public sealed class GraphMismatchException : RuntimeException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="training">The loss of the graph with the gradients.</param>
    /// <param name="evaluation">The loss of the graph without.</param>
    /// <param name="bound">How far rounding may set them apart.</param>
    internal GraphMismatchException(double training, double evaluation, double bound)
        : base(string.Create(CultureInfo.InvariantCulture, $"The training graph and the evaluation graph compute different losses at the same weights in float64, {training:g17} and {evaluation:g17}, which is more than rounding ({bound:g2}): ONNX Runtime runs one of them otherwise than it is written (a fused kernel of less precision, say), and no gradient can be judged; please report the model.")) =>
        (Training, Evaluation) = (training, evaluation);

    /// <summary>Gets the loss of the graph with the gradients.</summary>
    public double Training { get; }

    /// <summary>Gets the loss of the graph without.</summary>
    public double Evaluation { get; }
}
