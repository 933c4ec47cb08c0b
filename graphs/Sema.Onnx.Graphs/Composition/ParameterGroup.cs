namespace Sema.Onnx.Graphs.Composition;

/// <summary>A run of parameters that one update treats alike.</summary>
/// <param name="Name">
/// <c>decay</c>; <c>no_decay</c>: vectors without weight decay; <c>layer N</c> and a name pattern in quotes, where those decide; or
/// <c>statistics</c>: running statistics, averaged but not trained.
/// </param>
/// <param name="Start">Where the run begins, in elements.</param>
/// <param name="Length">How long it is, in elements, alignment included.</param>
/// <param name="Trained">Whether the optimizer moves it.</param>
/// <param name="RateScale">What the learning rate is multiplied by.</param>
/// <param name="WeightDecay">The weight decay; <see langword="null"/> for the optimizer's.</param>
public sealed record ParameterGroup(string Name, long Start, long Length, bool Trained, double RateScale, double? WeightDecay)
{
    /// <summary>The name of the group of running statistics.</summary>
    internal const string Statistics = "statistics";
}
