namespace Sema.Onnx.Averaging;

/// <summary>What the intervals, starts and ends of a strategy count.</summary>
public enum IntervalUnit
{
    /// <summary>Epochs: something happens after the last step of an epoch.</summary>
    Epochs,

    /// <summary>Optimizer steps.</summary>
    Steps,
}
