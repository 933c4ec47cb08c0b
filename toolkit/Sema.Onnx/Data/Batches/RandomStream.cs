namespace Sema.Onnx.Data.Batches;

/// <summary>What random numbers are for. Each purpose draws from a stream of its own; the numbers are part of a run's
/// meaning.</summary>
internal enum RandomStream
{
    /// <summary>The order of the samples.</summary>
    Shuffle = 1,

    /// <summary>The changes to an image.</summary>
    Augment = 2,

    /// <summary>Wrong class labels.</summary>
    LabelNoise = 3,

    /// <summary>The inputs of a check without data.</summary>
    Input = 4,

    /// <summary>The factors of a check's loss.</summary>
    Projection = 5,

    /// <summary>The directions in which a check moves weights.</summary>
    Direction = 6,

    /// <summary>What stands in a check for weights that are zero.</summary>
    Weight = 7,
}
