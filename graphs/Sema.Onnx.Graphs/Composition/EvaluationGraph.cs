namespace Sema.Onnx.Graphs.Composition;

/// <summary>The graph that evaluates a model as it is, and what the host needs to know of it.</summary>
/// <param name="Model">(batch, mask) → (loss, weight, the model's own outputs).</param>
/// <param name="Inputs">The model's inputs.</param>
/// <param name="Target">The targets' type and shape.</param>
/// <param name="Prediction">The output that the loss is about.</param>
/// <param name="ClassAxis">The prediction's axis of classes, or -1 when the loss has none.</param>
internal sealed record EvaluationGraph(Model Model, IReadOnlyList<TensorSignature> Inputs, TensorSignature Target, TensorSignature Prediction, int ClassAxis);
