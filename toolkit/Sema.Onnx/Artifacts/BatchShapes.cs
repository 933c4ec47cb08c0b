using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Artifacts;

/// <summary>The sizes of a batch that training graphs are made for.</summary>
/// <param name="Inputs">Of each of the model's inputs, by its name.</param>
/// <param name="Target">Of the targets; <see langword="null"/> for what the loss implies.</param>
public sealed record BatchShapes(IReadOnlyDictionary<string, IReadOnlyList<long>> Inputs, IReadOnlyList<long>? Target)
{
    /// <summary>Takes the sizes of a sample from the model itself.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="batch">The samples of a batch.</param>
    /// <param name="samples">The sizes of a sample, without the batch, of inputs whose shape the model leaves open, by name; the model's
    /// only input may go by the empty name.</param>
    /// <exception cref="InvalidModelException">The model is malformed, leaves an axis open, or has no such input.</exception>
    /// <remarks>The first axis of an input is that of the batch where the model leaves it open, and so is every axis of that name; in a
    /// model that leaves none open, a first axis of 1 is.</remarks>
    public static BatchShapes Of(string model, int batch, IReadOnlyDictionary<string, IReadOnlyList<long>>? samples = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        var inputs = Composer.Inputs(ModelReader.Read(model).Graph);
        if (samples?.Keys.FirstOrDefault(name => inputs.All(i => i.Name != name) && (name.Length > 0 || inputs.Count > 1)) is { } unknown)
            throw new InvalidModelException($"--input-shape: the model has {(unknown.Length > 0 ? $"no input '{unknown}'" : "several inputs")}; say NAME=A,B,... with one of {string.Join(", ", inputs.Select(i => $"'{i.Name}'"))}.");
        var baked = BatchAxis.Baked(inputs);
        var names = inputs.Where(i => i.Shape is { Rank: > 0 }).Select(i => i.Shape![0].Symbol).OfType<string>().ToHashSet();
        return new(inputs.ToDictionary(i => i.Name, i => Sizes(i)), null);

        IReadOnlyList<long> Sizes(Value input) =>
            samples?.GetValueOrDefault(input.Name) is { } sample || (samples?.TryGetValue("", out sample) ?? false) ? [batch, .. sample]
            : input.Shape is { } shape && shape.Skip(1).All(d => d.IsKnown || (d.Symbol is { } symbol && names.Contains(symbol)))
                ? [.. shape.Select((d, axis) => !d.IsKnown || (axis == 0 && baked.Contains(input)) ? batch : d.Size)]
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
        return new(forms.InputShapes(batch), forms.TargetShape(batch));
    }
}
