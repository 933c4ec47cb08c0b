using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Inspection;

/// <summary>Looks at a model: what it is, what of it can be trained, and what cannot.</summary>
public static class ModelInspector
{
    /// <summary>Inspects a model file.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="options">What training would be asked for; <see langword="null"/> for the defaults.</param>
    /// <param name="inputShapes">The sizes of inputs, by name; free axes of the others are tried at small sizes.</param>
    /// <returns>The report; what stops training is in it, and no error.</returns>
    /// <exception cref="InvalidModelException">The file is malformed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ModelReport Inspect(string path, CompositionOptions? options = null, IReadOnlyDictionary<string, IReadOnlyList<long>>? inputShapes = null)
    {
        var model = ModelReader.Read(path);
        HoistConstants.Run(model.Graph);
        var prospect = new TrainingProspect(path, options ?? new(), inputShapes ?? new Dictionary<string, IReadOnlyList<long>>());
        var constants = Constants(model.Graph, prospect).ToList();
        return new(
            Path.GetFileName(path), model.IrVersion,
            model.Opsets.ToDictionary(o => o.Key.Length == 0 ? "ai.onnx" : o.Key, o => o.Value), model.Producer,
            [.. Composer.Inputs(model.Graph).Select(Describe)], [.. model.Graph.Outputs.Select(Describe)],
            Operators(model.Graph, prospect), [.. constants.Select(c => c.Report)],
            new(constants.Sum(c => c.Report.Count), constants.Where(c => c.Report.Verdict == "trained").Sum(c => c.Report.Count), constants.Sum(c => c.Bytes)),
            prospect.Groups, prospect.Obstacles.Count == 0, prospect.Obstacles, prospect.Notes);
    }

    private static ValueReport Describe(Value value) => new(value.Name, value.Type.Name(), Axis.Of(value.Shape));

    private static IEnumerable<(ConstantReport Report, long Bytes)> Constants(Graph graph, TrainingProspect prospect)
    {
        foreach (var value in graph.Initializers.Where(v => v.Type.IsFloat() || prospect.IsJudged(v.Name)))
        {
            var (verdict, reason) = prospect.Verdict(value.Name);
            yield return Describe(value, prospect.NewHead.GetValueOrDefault(value.Name, value.Initializer!), verdict, reason);
        }
    }

    private static (ConstantReport Report, long Bytes) Describe(Value value, Tensor tensor, string verdict, string reason) =>
        (new(value.Name, tensor.Type.Name(), tensor.Dims, tensor.Count, verdict, reason), tensor.ByteLength);

    private static List<OperatorReport> Operators(Graph graph, TrainingProspect prospect)
    {
        var rules = GradientRules.Operators.ToHashSet();
        var flat = GradientRules.NotDifferentiable.ToHashSet();
        return [.. Bodies(graph).Select(b => b.Body).Prepend(graph).SelectMany(g => g.Nodes).GroupBy(n => n.QualifiedType)
            .Select(nodes => new OperatorReport(nodes.Key, nodes.Count(),
                rules.Contains(nodes.Key) ? "rule" : flat.Contains(nodes.Key) ? "none" : prospect.IsRewritten(nodes.Key) ? "rewritten" : "missing"))
            .OrderByDescending(o => o.Count).ThenBy(o => o.Name, StringComparer.Ordinal)];
    }

    /// <summary>The graphs within a graph, at any depth, each with the node of the given graph that runs it.</summary>
    internal static IEnumerable<(Node Node, Graph Body)> Bodies(Graph graph) => graph.Nodes.SelectMany(node => node.Subgraphs()
        .SelectMany(body => Bodies(body).Select(b => b.Body).Prepend(body)).Select(body => (node, body)));
}
