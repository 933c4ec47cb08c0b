using Sema.Onnx.Data.Transforms;

namespace Sema.Onnx.Data.Batches;

/// <summary>One of a model's inputs that varies with the samples.</summary>
/// <param name="Name">The model's input.</param>
/// <param name="Transform">What turns a stored sample into the model's.</param>
/// <param name="Array">The stored samples, or <see langword="null"/> for the data set's own input.</param>
internal sealed record BatchInput(string Name, ISampleTransform Transform, SampledArray? Array = null);
