using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>What averaging of models wrote.</summary>
/// <param name="Path">The written model file.</param>
/// <param name="Models">The models, as they were given.</param>
/// <param name="Shares">The share of each in the written one; they add up to 1.</param>
/// <param name="ChangedTensors">How many tensors differ from those of the first model.</param>
/// <param name="ChangedBytes">The size of these tensors, in bytes.</param>
/// <param name="Size">The size of the model file and its data files, in bytes.</param>
/// <param name="Result">How the written model does on the data, or <see langword="null"/> without data.</param>
/// <param name="Trials">Everything that was evaluated, in order.</param>
public sealed record SoupReport(
    string Path, IReadOnlyList<string> Models, IReadOnlyList<double> Shares, int ChangedTensors, long ChangedBytes, long Size, EvaluationResult? Result, IReadOnlyList<SoupTrial> Trials);

/// <summary>An average that was evaluated.</summary>
/// <param name="Shares">The share of each model; a model by itself has the share 1.</param>
/// <param name="Result">How it does on the data.</param>
public sealed record SoupTrial(IReadOnlyList<double> Shares, EvaluationResult Result);
