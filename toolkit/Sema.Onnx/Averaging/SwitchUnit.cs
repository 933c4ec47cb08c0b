namespace Sema.Onnx.Averaging;

/// <summary>What the interval, start and end of a <see cref="SwitchEma"/> count.</summary>
public enum SwitchUnit
{
    /// <summary>Epochs: a switch happens after the last step of an epoch.</summary>
    Epochs,

    /// <summary>Optimizer steps.</summary>
    Steps,
}
