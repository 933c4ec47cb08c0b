namespace Sema.Onnx.Training;

/// <summary>The loss or the gradient stopped being a number; the weights were left as they were before the step.</summary>
public sealed class TrainingDivergedException : Exception
{
    internal TrainingDivergedException(long step, double loss, double norm)
        : base(FormattableString.Invariant($"Step {step}: the loss is {loss} and the gradient's norm {norm}. ")
            + "Lower the learning rate (--lr), clip the gradient (--clip-norm 1), or look for broken samples; the last checkpoint is untouched.") => Step = step;

    /// <summary>Gets the optimizer step that could not be made.</summary>
    public long Step { get; }
}
