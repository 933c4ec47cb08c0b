using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Artifacts;

/// <summary>The sizes of a batch that training graphs are made for, batch axis first.</summary>
/// <param name="Input">Of the model's input.</param>
/// <param name="Target">Of the targets; <see langword="null"/> for what the loss implies.</param>
public sealed record BatchShapes(IReadOnlyList<long> Input, IReadOnlyList<long>? Target)
{
    /// <summary>Takes the sizes of a sample from the model itself.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="batch">The samples of a batch.</param>
    /// <exception cref="InvalidModelException">The model is malformed, or leaves an axis open.</exception>
    public static BatchShapes Of(string model, int batch)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        var input = Composer.Input(ModelReader.Read(model).Graph);
        return input.Shape is { Rank: > 0 } shape && shape.Skip(1).All(d => d.IsKnown)
            ? new([batch, .. shape.Skip(1).Select(d => d.Size)], null)
            : throw new InvalidModelException(
                $"The model's input '{input.Name}' has the shape {(object?)input.Shape ?? "(none given)"}, which leaves open how large a sample is; say it with --input-shape, or name data with --data.");
    }

    /// <summary>Takes the sizes from data that the model is to be trained on.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="data">Samples.</param>
    /// <param name="pixels">How pixels become the model's input.</param>
    /// <param name="loss">What the targets are for.</param>
    /// <param name="batch">The samples of a batch.</param>
    /// <exception cref="InvalidModelException">The model is malformed.</exception>
    /// <exception cref="DataException">The data do not fit the model.</exception>
    public static BatchShapes Of(string model, IDataset data, PixelOptions pixels, Loss loss, int batch)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(loss);
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        var forms = RunData.For(model, data, pixels, loss);
        return new(forms.InputShape(batch), forms.TargetShape(batch));
    }
}
