namespace Sema.Onnx.Training;

/// <summary>Where the batch-norm statistics of averaged weights come from, when batch normalisation is live.</summary>
/// <remarks>The mean of weights is not the model whose statistics were followed, so their mean need not fit it. Trained weights keep their
/// running statistics in any case.</remarks>
public enum AverageStatistics
{
    /// <summary>At the run's end, for the last and the best checkpoint, a pass over the training data in training mode with the averaged
    /// weights gives the exact mean and variance of everything that each layer saw. Before that as <see cref="Average"/>.</summary>
    /// <remarks>One pass, without gradients, an average and checkpoint. What counts are the batches of the first epoch, augmented as there;
    /// samples that do not fill a batch are left out as in training. Source: Izmailov et al., SWA,
    /// <see href="https://arxiv.org/abs/1803.05407">arXiv:1803.05407</see>, with the pooled variance in place of the mean of the batches'.</remarks>
    Recompute,

    /// <summary>They are averaged along with the weights.</summary>
    Average,

    /// <summary>An average takes the trained weights' statistics whenever it is evaluated or exported; a switch leaves those as they are.</summary>
    Copy,
}
