using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification.Synthesis;

/// <summary>Puts constants in the place of sizes that a model computes from its data, such as the length of the speech that it predicts: for checks alone.</summary>
/// <remarks>
/// Gradients need known sizes. A size is an integer, so that no gradient passes it, and a difference holds it as it does every choice. What
/// NonMaxSuppression and its like choose keeps its sizes: a loss does not stand behind it.
/// </remarks>
internal static class FixedSizes
{
    /// <summary>Runs the pass on a model in <see cref="CanonicalForm"/>.</summary>
    /// <param name="model">The model, with its shapes filled in.</param>
    /// <param name="inputs">The inputs that sizes are computed from, by name.</param>
    /// <param name="threads">The number of threads; 0 for one a core.</param>
    /// <returns>Whether anything changed.</returns>
    /// <exception cref="RuntimeException">ONNX Runtime cannot run the model.</exception>
    internal static bool Run(Model model, IReadOnlyDictionary<string, Tensor> inputs, int threads)
    {
        var graph = model.Graph;
        var chosen = LossFrontier.Chosen(graph);
        var reads = graph.Nodes.SelectMany(n => Sizes(n).Select(at => (Node: n, At: at)))
            .Where(r => r.Node.Optional(r.At) is { Initializer: null, Type: ElementType.Int64 or ElementType.Int32 } size
                && size.Graph == graph && !chosen.Contains(size) && KnownIntegers.Of(size) is null).ToList();
        if (reads.Count == 0)
            return false;
        var part = graph.Extract(reads.Select(r => r.Node[r.At].Name));
        part.Inputs.RemoveAll(v => v.Initializer is not null);
        using var bound = new BoundGraph(Composer.Shell(model, part), inputs, threads, OptimizationLevel.Basic);
        foreach (var (name, size) in bound.Run())
        {
            using (size)
            {
                var constant = graph.AddInitializer(graph.UniqueName(name + "_fixed"), new(size.Type, [.. size.Shape], size.Bytes.ToArray()));
                foreach (var (node, at) in reads.Where(r => r.Node.Inputs[r.At]!.Name == name))
                    node.Inputs[at] = constant;
            }
        }

        return true;
    }

    // The inputs that say how large the result is.
    private static IEnumerable<int> Sizes(Node node) => node.QualifiedType switch
    {
        "Range" => [0, 1, 2],
        "ConstantOfShape" => [0],
        "Reshape" or "Expand" or "Tile" or "Pad" => [1],
        "Slice" => [1, 2],
        "Resize" => [3],
        _ => [],
    };
}
