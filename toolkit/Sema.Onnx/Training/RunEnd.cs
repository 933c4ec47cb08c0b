namespace Sema.Onnx.Training;

/// <summary>Why a run ended.</summary>
public enum RunEnd
{
    /// <summary>All steps are done.</summary>
    Completed,

    /// <summary>No evaluation was better for as many epochs as the patience says.</summary>
    StoppedEarly,

    /// <summary>It was cancelled; its last checkpoint goes on from there.</summary>
    Interrupted,
}
