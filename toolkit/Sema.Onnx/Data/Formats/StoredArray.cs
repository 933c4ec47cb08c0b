namespace Sema.Onnx.Data.Formats;

/// <summary>An array whose first axis counts samples.</summary>
/// <param name="Name">The file, and the array inside it, as messages spell them.</param>
/// <param name="Count">The number of samples.</param>
/// <param name="Sample">The type and shape of one.</param>
/// <param name="Samples">Their bytes.</param>
internal sealed record StoredArray(string Name, int Count, ArraySpec Sample, SampleStore Samples);
