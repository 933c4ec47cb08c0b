namespace Sema.Onnx.Graphs.Composition;

/// <summary>What becomes of a constant of the model.</summary>
internal enum Verdict
{
    /// <summary>It is trained.</summary>
    Trained,

    /// <summary>It could be trained, but a pattern freezes it.</summary>
    Frozen,

    /// <summary>It is a running statistic of a batch normalisation.</summary>
    Statistic,

    /// <summary>It acts as a constant: a scalar factor, a mask, a bound.</summary>
    Constant,

    /// <summary>It does not reach the loss through differentiable operators.</summary>
    Unreached,
}
