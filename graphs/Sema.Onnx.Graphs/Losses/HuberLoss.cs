namespace Sema.Onnx.Graphs.Losses;

/// <summary>Huber loss: (x − t)²/2 up to a distance δ, δ(|x − t| − δ/2) beyond.</summary>
/// <remarks>Source: Huber 1964, Robust Estimation of a Location Parameter.</remarks>
public sealed record HuberLoss : ElementwiseLoss
{
    /// <summary>Gets the distance δ &gt; 0 at which the loss becomes linear. Default 1.</summary>
    public float Delta { get; init; } = 1;

    internal override void Validate()
    {
        if (!(Delta > 0) || !float.IsFinite(Delta))
            throw new ArgumentOutOfRangeException(nameof(Delta), Delta, $"{nameof(Delta)} must be above 0.");
    }

    // With c = min(|x − t|, δ): c (|x − t| − c/2) is both pieces in one.
    internal override Value Terms(Value prediction, Value target)
    {
        var distance = (prediction - target).Abs();
        var inner = distance.Less(distance.Like(Delta)).Where(distance, distance.Like(Delta));
        return inner * (distance - inner * 0.5);
    }
}
