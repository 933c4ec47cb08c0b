namespace Sema.Onnx.Schedules;

/// <summary>How a rate goes from one value to another.</summary>
public enum Annealing
{
    /// <summary>Along half a cosine: slowly, quickly, slowly.</summary>
    Cosine,

    /// <summary>Along a straight line.</summary>
    Linear,
}

/// <summary>The two ways of annealing, as formulas.</summary>
internal static class Annealings
{
    /// <summary>Gets the value at a share of the way: <c>to + ½ (from − to)(1 + cos π s)</c>, or <c>from + s (to − from)</c>.</summary>
    internal static double Between(this Annealing annealing, double from, double to, double share) => annealing == Annealing.Cosine
        ? to + ((from - to) * (1 + Math.Cos(Math.PI * share)) / 2)
        : from + ((to - from) * share);
}
