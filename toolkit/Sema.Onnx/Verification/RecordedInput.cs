using Sema.Onnx.Data.Formats;
using Sema.Onnx.Data.Transforms;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification;

/// <summary>What a recording gave to one of the model's inputs: an array with an entry a step, or one that every step shares.</summary>
/// <param name="Name">The model's input.</param>
/// <param name="Array">The recorded array.</param>
/// <param name="Steps">The number of steps.</param>
internal sealed record RecordedInput(string Name, StoredArray Array, int Steps)
{
    /// <summary>Gets whether the array has an entry a step.</summary>
    internal bool PerStep => !Array.IsScalar && Array.Count == Steps;

    /// <summary>Gets the sizes of what a step is given.</summary>
    internal long[] Shape => PerStep ? Array.Shape[1..] : Array.Shape;

    /// <summary>Copies what a step is given, converted by value.</summary>
    internal void CopyTo(Span<byte> bytes, int step, ElementType type)
    {
        if (PerStep)
            Preprocessing.ForTarget(Array.Sample, type).Apply(Array.Samples[step], bytes);
        else
            Preprocessing.ForTarget(Array.Whole, type).Apply(Array.ToBytes(), bytes);
    }
}
