using Sema.Onnx.Data;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>How averages of models are judged.</summary>
public sealed record SoupOptions
{
    /// <summary>Gets the samples that the models and their averages are judged on; <see langword="null"/>, the default, for none.</summary>
    /// <remarks>Data that decide what is written say too much good of it: keep others for the final figure.</remarks>
    public IDataset? Data { get; init; }

    /// <summary>Gets how a model is run on them.</summary>
    public EvaluationOptions Evaluation { get; init; } = new();

    /// <summary>Gets what counts. Default, <see langword="null"/>: accuracy where the targets are classes, else loss.</summary>
    public SoupMetric? Metric { get; init; }

    /// <summary>Gets the weights to take of a run that stands in a model's place, as <see cref="RunExportOptions.Weights"/> names them.</summary>
    public string? Weights { get; init; }
}
