namespace Sema.Onnx.Averaging;

/// <summary>One weight under gradient descent with momentum, in float64, on gradients that depend on where it is: the trajectory that
/// a strategy averages or changes.</summary>
/// <param name="start">The weight at the start.</param>
/// <param name="pull">The gradients' drawn part, one a step.</param>
internal sealed class Descent(double start, IReadOnlyList<double> pull)
{
    internal const double Rate = 0.05, Momentum = 0.8;

    internal double W { get; set; } = start;

    internal double Velocity { get; set; }

    private int Step { get; set; }

    internal static double Gradient(double w, double drawn) => w + drawn;

    /// <summary>v ← μ v + g; w ← w − η v</summary>
    internal double Next()
    {
        Velocity = (Momentum * Velocity) + Gradient(W, pull[Step++]);
        return W -= Rate * Velocity;
    }
}
