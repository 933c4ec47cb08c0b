namespace Sema.Onnx.Data;

/// <summary>An array of a data set that one of a model's inputs reads.</summary>
/// <param name="Spec">The type and shape of one sample, or of the whole array where all samples share it.</param>
public abstract record InputArray(ArraySpec Spec);

/// <summary>An array with an entry for each sample.</summary>
/// <param name="Spec">The type and shape of one sample.</param>
/// <param name="Read">Copies one out, by its index from 0, row-major into exactly as many bytes as <paramref name="Spec"/> says; safe to call
/// from several threads at once.</param>
public sealed record SampledArray(ArraySpec Spec, Action<int, Span<byte>> Read) : InputArray(Spec);

/// <summary>An array that is given to the model whole at each step, the same for all samples.</summary>
/// <param name="Spec">The type and shape.</param>
/// <param name="Bytes">The elements, row-major.</param>
public sealed record SharedArray(ArraySpec Spec, ReadOnlyMemory<byte> Bytes) : InputArray(Spec);
