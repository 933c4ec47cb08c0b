namespace Sema.Onnx.Graphs.Losses;

/// <summary>What training makes small: a scalar from the model's prediction and the target.</summary>
public abstract record Loss
{
    /// <summary>Gets the operator that a model may end in and whose place the loss takes, computed stably from its input.</summary>
    internal virtual IReadOnlyList<string> Absorbs => [];

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is outside its range.</exception>
    internal virtual void Validate()
    {
    }

    /// <summary>Gets the type of the targets for a prediction of a type.</summary>
    internal virtual ElementType TargetType(ElementType prediction) => prediction;

    /// <summary>Gets the shape of the targets that belongs to a prediction's shape, batch axis first, when the data do not tell.</summary>
    internal virtual Shape TargetShape(Shape prediction) => prediction;

    /// <summary>Appends the loss.</summary>
    /// <param name="prediction">The model's prediction, batch axis first; its shape is known.</param>
    /// <param name="target">The target.</param>
    /// <param name="mask">float32 [batch]: 1 for the samples that count, 0 for padding; <see langword="null"/> when all count.</param>
    internal abstract LossValues Build(Value prediction, Value target, Value? mask);
}

/// <summary>A loss in a graph.</summary>
/// <param name="Loss">The mean over what counts, a scalar.</param>
/// <param name="Weight">How many terms the mean is over, a scalar.</param>
internal readonly record struct LossValues(Value Loss, Value Weight);
