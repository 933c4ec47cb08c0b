using Sema.Onnx.Data;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>How a model is evaluated.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Gets the loss. Default: cross-entropy against class indices.</summary>
    public Loss Loss { get; init; } = new CrossEntropyLoss();

    /// <summary>Gets the output that the loss is about; <see langword="null"/> for the model's first.</summary>
    public string? Output { get; init; }

    /// <summary>Gets how pixels become the model's input.</summary>
    public PixelOptions Pixels { get; init; } = new();

    /// <summary>Gets the samples of a batch, at least 1; a model with a batch size of its own runs with that. Default 32.</summary>
    public int BatchSize { get; init; } = 32;

    /// <summary>Gets k of the top-k accuracy, at least 1; it is left out where there are no more than k classes. Default: 5.</summary>
    public int? TopK { get; init; }

    /// <summary>Gets where to run. Default: the CPU.</summary>
    public Device Device { get; init; }

    /// <summary>Gets the number of threads; 0 for one a core. Default 0.</summary>
    public int Threads { get; init; }
}
