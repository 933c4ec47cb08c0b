namespace Sema.Onnx.Export;

/// <summary>What an export does beyond putting the trained weights in their places.</summary>
/// <remarks><see cref="Classes"/>, <see cref="Output"/> and <see cref="Seed"/> must be those that the training graphs were made with.</remarks>
public sealed record ExportOptions
{
    /// <summary>Gets the number of classes of the new head; <see langword="null"/>, the default, where the model kept its own.</summary>
    public int? Classes { get; init; }

    /// <summary>Gets the output that was trained; <see langword="null"/>, the default, for the model's first.</summary>
    public string? Output { get; init; }

    /// <summary>Gets the seed of the new head's weights: those that were frozen still have the values drawn from it.</summary>
    public int Seed { get; init; }

    /// <summary>
    /// Gets sets of weights to add beside the model's own, by the average's name: the weights of each by initializer name, float32,
    /// become initializers <c>sema.AVERAGE/NAME</c> that nothing reads. Default: none.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, ReadOnlyMemory<float>>> Shadows { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, ReadOnlyMemory<float>>>();

    /// <summary>
    /// Gets how far outputs may differ between the exported model and <c>eval.onnx</c>, relative to the output's largest magnitude.
    /// <see langword="null"/>, the default, for what fits the model: 1e-4 in float32 and float64, as the two are optimised differently
    /// (one has constant weights); 16 units of rounding in half precision (7.8e-3 in float16, 6.3e-2 in bfloat16), as each operator may
    /// round its result; 0.05 where activations are quantised, as a value between two steps may fall to either.
    /// </summary>
    public double? Tolerance { get; init; }

    /// <summary>Gets the number of threads of the proof; 0, the default, for one a core.</summary>
    public int Threads { get; init; }
}
