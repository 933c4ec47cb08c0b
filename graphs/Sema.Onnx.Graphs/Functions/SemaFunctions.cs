using System.Collections.Frozen;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>The functions of the domain <c>com.sema</c>: each one's body, in standard operators, is its definition.</summary>
internal static class SemaFunctions
{
    private static readonly FrozenDictionary<string, Function> Table = new[]
    {
        ActivationFunctions.All, ConvolutionFunctions.All, PoolingFunctions.All, NormalizationFunctions.All, LossFunctions.All, IndexingFunctions.All,
        RecurrentFunctions.All, AttentionFunctions.All, MatrixFunctions.All, QuantizationFunctions.All, OrderFunctions.All,
    }.SelectMany(family => family).ToFrozenDictionary(f => f.Name);

    /// <summary>Gets every function, sorted by name.</summary>
    internal static IEnumerable<Function> All => Table.Values.OrderBy(f => f.Name, StringComparer.Ordinal);

    /// <summary>Appends a call of a function with one output.</summary>
    internal static Value Call(this Graph graph, string function, IEnumerable<Value?> inputs, params IEnumerable<Attribute> attributes) =>
        graph.AddNode(function, Model.SemaDomain, inputs, attributes, 1).Output;

    /// <summary>Appends a call of a function with several outputs.</summary>
    internal static List<Value?> CallAll(
        this Graph graph, string function, IEnumerable<Value?> inputs, int outputs, params IEnumerable<Attribute> attributes) =>
        graph.AddNode(function, Model.SemaDomain, inputs, attributes, outputs).Outputs;

    /// <summary>Adds to a model the functions that its nodes call and it lacks, and the operator set they belong to.</summary>
    internal static void Attach(Model model)
    {
        var called = model.Graph.AllNodes.Where(n => n.Domain == Model.SemaDomain).Select(n => n.OpType).ToHashSet();
        foreach (var function in All.Where(f => called.Contains(f.Name) && !model.Functions.Any(g => (g.Domain, g.Name) == (f.Domain, f.Name))))
            model.Functions.Add(function);
        if (called.Count > 0)
            model.Opsets[Model.SemaDomain] = 1;
    }
}
