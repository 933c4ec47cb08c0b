using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>What a model takes for one sample: a type and a shape without the batch axis.</summary>
/// <param name="type">The type of the elements.</param>
/// <param name="shape">The length of each axis; below 0 where the model takes any.</param>
internal sealed class ModelInput(ElementType type, params int[] shape)
{
    internal ElementType Type => type;

    internal IReadOnlyList<int> Shape => shape;

    /// <summary>Whether samples of this shape fit as they are.</summary>
    internal bool Accepts(ReadOnlySpan<int> sample)
    {
        if (sample.Length != shape.Length)
            return false;
        for (var i = 0; i < shape.Length; i++)
        {
            if (shape[i] >= 0 && shape[i] != sample[i])
                return false;
        }

        return true;
    }

    /// <summary>Makes the error for samples that do not fit.</summary>
    internal DataException Mismatch(ArraySpec sample, string advice) =>
        new($"The data's samples are {sample} and the model's input takes {this} (without the batch axis); {advice}.");

    public override string ToString() => $"{type.Name()} {ArraySpec.Format(shape)}";
}
