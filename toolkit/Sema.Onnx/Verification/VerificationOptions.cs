using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification;

/// <summary>How a recorded trajectory was made.</summary>
public sealed record VerificationOptions
{
    /// <summary>Gets the optimizer. Default: AdamW with weight decay 0.01.</summary>
    public Optimizer Optimizer { get; init; } = new AdamW { WeightDecay = 0.01 };

    /// <summary>Gets the learning rate, the same at every step. Default 1e-3.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Gets the loss. Default: cross-entropy.</summary>
    public Loss Loss { get; init; } = new CrossEntropyLoss();

    /// <summary>Gets the decay of the averaged weights, or <see langword="null"/> when none are kept.</summary>
    public double? EmaDecay { get; init; }

    /// <summary>Gets after how many steps the averaged weights become the weights, or <see langword="null"/> for never.</summary>
    public long? SwitchEvery { get; init; }

    /// <summary>Gets what batch normalisation does. Default: frozen.</summary>
    public BatchNormalizationMode BatchNormalization { get; init; }

    /// <summary>Gets the largest relative error that passes, or <see langword="null"/> for the defaults: 1e-4, and 1e-3 for weights that
    /// another optimizer than gradient descent moved.</summary>
    public double? Tolerance { get; init; }

    /// <summary>Gets where to run. Default: the CPU.</summary>
    public Device Device { get; init; }

    /// <summary>Gets the number of threads; 0 for one a core.</summary>
    public int Threads { get; init; }

    /// <summary>
    /// Gets whether kernels in C# take the place of the functions in the training graphs, which are standard operators, on the CPU: the same
    /// results to rounding, faster. Default: yes.
    /// </summary>
    public bool Kernels { get; init; } = true;
}
