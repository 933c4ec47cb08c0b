using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>The training graphs of a model.</summary>
/// <param name="Training">(batch, parameters, accumulators) → (loss, gradient norm, gradients, batch statistics).</param>
/// <param name="Eval">(batch, mask, parameters) → (loss, weight, the model's own outputs).</param>
/// <param name="Update">(flat parameters, gradients, slots, averages, scalars) → the next of each.</param>
/// <param name="Layout">The parameters' places in the flat vectors.</param>
/// <param name="Statistics">The running statistics that training moves.</param>
/// <param name="Judgements">What became of every float constant.</param>
/// <param name="Input">The name of the model's input.</param>
/// <param name="Prediction">The name of the output that the loss reads, as the model computes it.</param>
/// <param name="Logits">The name of the value that the loss compares with the targets.</param>
/// <param name="ClassAxis">The prediction's axis of classes, or -1 when the loss has none.</param>
internal sealed record Composition(
    Model Training, Model Eval, Model Update, ParameterLayout Layout, IReadOnlyList<BatchStatistics> Statistics,
    IReadOnlyList<Judged> Judgements, string Input, string Prediction, string Logits, int ClassAxis);
