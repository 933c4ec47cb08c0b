using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>The training graphs of a model, and what the host needs to know of them.</summary>
/// <param name="Training">(batch, parameters, accumulators) → (loss, gradient norm, gradients, prediction, batch statistics).</param>
/// <param name="Eval">(batch, mask, parameters) → (loss, weight, the model's own outputs).</param>
/// <param name="Update">(flat parameters, gradients, slots, averages, scalars) → the next of each.</param>
/// <param name="Layout">The parameters' places in the flat vectors.</param>
/// <param name="Statistics">The running statistics that training moves.</param>
/// <param name="Judgements">What became of every float constant.</param>
/// <param name="Inputs">The model's inputs.</param>
/// <param name="Target">The targets' type and shape.</param>
/// <param name="Prediction">The output that the loss is about, as the model computes it.</param>
/// <param name="ClassAxis">The prediction's axis of classes, or -1 when the loss has none.</param>
internal sealed record TrainingGraphs(
    Model Training, Model Eval, Model Update, ParameterLayout Layout, IReadOnlyList<BatchStatistics> Statistics,
    IReadOnlyList<Judged> Judgements, IReadOnlyList<TensorSignature> Inputs, TensorSignature Target, TensorSignature Prediction, int ClassAxis)
{
    /// <summary>The input that holds the targets.</summary>
    internal const string TargetName = "sema.target";

    /// <summary>The input of <c>eval.onnx</c> that tells samples (1) from padding (0), float32 [batch].</summary>
    internal const string MaskName = "sema.mask";

    /// <summary>The output with the mean loss, a scalar.</summary>
    internal const string LossName = "sema.loss";

    /// <summary>The output of <c>eval.onnx</c> with the number of terms that the loss is the mean of, a scalar.</summary>
    internal const string WeightName = "sema.weight";

    /// <summary>The output with the L2 norm of all gradients together, a scalar.</summary>
    internal const string NormName = "sema.gradient_norm";

    /// <summary>The output of <c>training.onnx</c>, and of an <c>eval.onnx</c> that predicts something else, with the value that the loss
    /// compares with the targets.</summary>
    internal const string LogitsName = "sema.logits";

    /// <summary>Gets the name of a parameter's gradient among the outputs.</summary>
    internal static string Gradient(string parameter) => $"gradient/{parameter}";

    /// <summary>Gets the name of a parameter's accumulator among the inputs.</summary>
    internal static string Accumulator(string parameter) => $"accumulator/{parameter}";
}
