using System.Globalization;
using System.Text.RegularExpressions;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Finds the layer of each weight, in the order in which the data go through the graph.</summary>
internal static class WeightLayers
{
    /// <summary>Every node that uses a new matrix begins a layer; a vector belongs to the last layer before the node that uses it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="trained">The trained weights.</param>
    /// <returns>The layer of each, from 1.</returns>
    internal static IReadOnlyDictionary<Value, int> ByUse(Graph graph, IReadOnlyList<Value> trained)
    {
        var layers = 0;
        return Walk(graph, trained, (_, fresh, before) =>
        {
            var layer = fresh.Any(w => w.Rank > 1) ? ++layers : Math.Max(before, 1);
            return fresh.Select(_ => layer);
        }, unused: 1);
    }

    /// <summary>A layer's number stands in the name of the weight, or else of the node that uses it. A weight without one is 0 where no numbered
    /// layer stands before it, one behind the last where the last does, and else belongs to the layer before it.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="trained">The trained weights.</param>
    /// <param name="pattern">A regular expression whose group finds the number.</param>
    /// <returns>The layer of each: the lowest number is layer 1.</returns>
    /// <exception cref="InvalidModelException">No name has a number.</exception>
    internal static IReadOnlyDictionary<Value, int> ByName(Graph graph, IReadOnlyList<Value> trained, string pattern)
    {
        var expression = LayerDecay.Expression(pattern);
        var numbers = new Dictionary<Value, int>();
        Walk(graph, trained, (node, fresh, _) =>
        {
            foreach (var weight in fresh)
            {
                if ((Number(expression, weight.Name) ?? Number(expression, node.Name)) is { } number)
                    numbers[weight] = number;
            }

            return fresh.Select(_ => 0);
        }, unused: 0);
        if (numbers.Count == 0)
        {
            throw new InvalidModelException(
                $"The layer pattern '{pattern}' finds no number in the name of a trained weight, nor of a node that uses one; `sema inspect` lists the names.");
        }

        var (first, last) = (numbers.Values.Min(), numbers.Values.Max());
        var behind = last - first + 2;
        return Walk(graph, trained, (_, fresh, before) =>
            fresh.Select(w => numbers.TryGetValue(w, out var number) ? number - first + 1 : before >= behind - 1 ? behind : before), unused: 0);
    }

    // Goes through the nodes and asks for the layers of the weights that one uses first. What is computed from weights alone carries them on.
    private static Dictionary<Value, int> Walk(Graph graph, IReadOnlyList<Value> trained, Func<Node, IReadOnlyList<Value>, int, IEnumerable<int>> assign, int unused)
    {
        var layers = new Dictionary<Value, int>();
        var carried = trained.ToDictionary(w => w, w => (IReadOnlyList<Value>)[w]);
        var depths = Composer.Inputs(graph).ToDictionary(v => v, _ => 0);
        foreach (var node in graph.Nodes)
        {
            Value[] inputs = [.. node.Inputs.OfType<Value>(), .. node.Captured];
            Value[] weights = [.. inputs.SelectMany(v => carried.GetValueOrDefault(v, [])).Distinct()];
            if (!inputs.Any(depths.ContainsKey))
            {
                foreach (var output in weights.Length > 0 ? node.Outputs.OfType<Value>() : [])
                    carried[output] = weights;
                continue;
            }

            var before = inputs.Max(v => depths.GetValueOrDefault(v));
            Value[] fresh = [.. weights.Where(w => !layers.ContainsKey(w))];
            foreach (var (weight, layer) in fresh.Zip(fresh.Length > 0 ? assign(node, fresh, before) : []))
                layers[weight] = layer;
            foreach (var output in node.Outputs.OfType<Value>())
                depths[output] = weights.Select(w => layers[w]).Append(before).Max();
        }

        foreach (var weight in trained)
            layers.TryAdd(weight, unused);
        return layers;
    }

    private static int? Number(Regex expression, string name) =>
        expression.Match(name) is { Success: true } match && int.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number < int.MaxValue / 2 ? number : null;
}
