namespace Sema.Onnx.Graphs.Composition;

/// <summary>Which trained weights share a group: those of one layer, one rule, and one kind.</summary>
/// <param name="options">The rules, the layer-wise decay, and whether vectors decay.</param>
internal sealed class Grouping(CompositionOptions options)
{
    /// <summary>Sorts weights into groups: decaying ones first, then by layer, then by rule, in the weights' own order.</summary>
    /// <param name="trained">The trained initializers.</param>
    /// <exception cref="InvalidModelException">A rule or the layer pattern fits no weight.</exception>
    internal IEnumerable<(ParameterGroup Group, IReadOnlyList<Value> Weights)> Of(IReadOnlyList<Value> trained)
    {
        var layers = Layers(trained);
        var last = layers is null ? 0 : trained.Max(w => layers[w]);
        var groups = trained.GroupBy(w =>
        {
            var rule = options.Groups.Index().FirstOrDefault(r => TrainableWeights.Matches(w.Name, [r.Item.Pattern]), (options.Groups.Count, null!)).Index;
            var ruled = rule < options.Groups.Count && options.Groups[rule].WeightDecay is not null;
            return (Spared: !options.DecayVectors && w.Rank <= 1 && !ruled, Layer: layers?[w] ?? 0, Rule: rule);
        }).OrderBy(g => g.Key).ToList();
        foreach (var (index, unfit) in options.Groups.Index().Where(r => groups.All(g => g.Key.Rule != r.Index)))
        {
            throw new InvalidModelException(trained.Any(w => TrainableWeights.Matches(w.Name, [unfit.Pattern]))
                ? $"Every trained weight that fits the group '{unfit.Pattern}' belongs to a group before it; the first that fits wins, so name the narrower pattern first."
                : $"No trained weight has a name that fits the group '{unfit.Pattern}'; `sema inspect` lists the names.");
        }

        foreach (var group in groups)
        {
            var rule = group.Key.Rule < options.Groups.Count ? options.Groups[group.Key.Rule] : null;
            var scale = (rule?.RateScale ?? 1) * (options.LayerDecay is { } decay ? Math.Pow(decay.Factor, last - group.Key.Layer) : 1);
            string[] parts = [.. layers is null ? [] : new[] { $"layer {group.Key.Layer}" }, .. rule is null ? [] : new[] { $"'{rule.Pattern}'" }];
            var name = group.Key.Spared ? [.. parts, "no_decay"] : parts.Length == 0 ? ["decay"] : parts;
            yield return (new(string.Join(' ', name), 0, 0, true, scale, group.Key.Spared ? 0 : rule?.WeightDecay), [.. group]);
        }
    }

    private IReadOnlyDictionary<Value, int>? Layers(IReadOnlyList<Value> trained) => options.LayerDecay switch
    {
        null => null,
        { Pattern: { } pattern } => WeightLayers.ByName(trained[0].Graph, trained, pattern),
        _ => WeightLayers.ByUse(trained[0].Graph, trained),
    };
}
