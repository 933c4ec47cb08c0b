namespace Sema.Onnx.Training;

/// <summary>Where the time of the training steps went, evaluations and checkpoints left out.</summary>
/// <param name="Gradients">In <c>training.onnx</c>.</param>
/// <param name="Update">In <c>update.onnx</c>: optimizer and averages.</param>
/// <param name="Data">Waiting for batches and copying them in.</param>
/// <param name="Total">All of it.</param>
public readonly record struct StepTiming(TimeSpan Gradients, TimeSpan Update, TimeSpan Data, TimeSpan Total)
{
    /// <summary>Gets the share of the time outside <c>training.onnx</c>, in [0, 1].</summary>
    public double Overhead => Total > TimeSpan.Zero ? 1 - (Gradients / Total) : 0;
}
