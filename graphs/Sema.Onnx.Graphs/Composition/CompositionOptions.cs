using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Whether batch normalisation keeps its statistics or takes each batch's.</summary>
public enum BatchNormalizationMode
{
    /// <summary>Normalised by the running statistics, which stay as they are.</summary>
    Frozen,

    /// <summary>Normalised by each batch's statistics, which also move the running ones.</summary>
    Train,
}

/// <summary>What the training graphs of a model are made for.</summary>
public sealed record CompositionOptions
{
    /// <summary>Gets what is made small. Default: <see cref="CrossEntropyLoss"/>.</summary>
    public Loss Loss { get; init; } = new CrossEntropyLoss();

    /// <summary>Gets the optimizer. Default: <see cref="AdamW"/>.</summary>
    public Optimizer Optimizer { get; init; } = new AdamW();

    /// <summary>Gets how many averages of the weights are kept. Default 0.</summary>
    public int Averages { get; init; }

    /// <summary>Gets the output that is the prediction; <see langword="null"/> for the model's first.</summary>
    public string? Output { get; init; }

    /// <summary>Gets the new number of classes, or <see langword="null"/> to keep the head.</summary>
    public int? Classes { get; init; }

    /// <summary>Gets the name patterns (* and ?) of weights that stay as they are.</summary>
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>Gets the name patterns of the only weights to train; empty for all that are trainable.</summary>
    public IReadOnlyList<string> Train { get; init; } = [];

    /// <summary>Gets what batch normalisation does. Default: frozen.</summary>
    public BatchNormalizationMode BatchNormalization { get; init; }

    /// <summary>Gets whether weight decay applies to vectors (biases, scales) too. Default: yes, as PyTorch does.</summary>
    public bool DecayVectors { get; init; } = true;

    /// <summary>Gets the groups of weights with a learning rate or a weight decay of their own; the first whose pattern fits a weight wins.</summary>
    public IReadOnlyList<GroupRule> Groups { get; init; } = [];

    /// <summary>Gets the layer-wise decay of the learning rate; <see langword="null"/> for none. It multiplies what a group says.</summary>
    public LayerDecay? LayerDecay { get; init; }

    /// <summary>Gets whether gradients are added to accumulators, for batches made of several steps.</summary>
    public bool Accumulate { get; init; }

    /// <summary>
    /// Gets whether activations that cost little to compute (normalisations, activation functions, joins) are computed again for the backward half
    /// instead of kept since the forward one: less memory, more time, the same bits. Default: no.
    /// </summary>
    public bool Recompute { get; init; }

    /// <summary>Gets the seed of a new head's weights.</summary>
    public int Seed { get; init; }

    /// <summary>Gets the type that <c>training.onnx</c> computes in: float32, or float64 for checks (it then runs by itself, not in an engine).</summary>
    internal ElementType Precision { get; init; } = ElementType.Float32;

    /// <summary>Gets whether quantisation only clips and does not round, in all graphs: for checks of gradients by differences.</summary>
    internal bool SmoothQuantization { get; init; }
}
