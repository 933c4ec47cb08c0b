using Sema.Onnx.Graphs.Lowering;

namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>Brings a model to the standard operators of <see cref="Model.Opset"/>, so that everything after it knows one form of each.</summary>
/// <remarks>
/// It looks at the graph alone and runs nothing. Older forms of an operator need no shapes; where a shape is known, it may keep a node as
/// it is. Operators of other sets (<see cref="Lowerings"/>) take several forms, told apart by the ranks of their inputs: where they occur,
/// the shapes of the model as it came must be known.
/// </remarks>
internal static class OpsetUpgrade
{
    private const int Oldest = 1;
    private const int Newest = 24;
    private const int IrOfOpset = 10;

    /// <summary>Upgrades a model in place: its graph, the graphs within, and the bodies of its functions.</summary>
    /// <param name="model">The model; where it is refused it is left half upgraded, of no further use.</param>
    /// <exception cref="InvalidModelException">The model's opset is outside 1 to 24, or a node means something that opset 21 cannot say.</exception>
    public static void Run(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Run(model, Adapters.Table);
    }

    /// <summary>Upgrades a model with a table of one's own.</summary>
    internal static void Run(Model model, IReadOnlyDictionary<(string Op, int Since), Adapter> adapters)
    {
        var opset = model.StandardOpset;
        if (opset is < Oldest or > Newest)
        {
            throw new InvalidModelException(
                $"The model speaks version {opset} of the standard operators; {Oldest} to {Newest} can be upgraded. "
                + $"Export it again, best at opset {Model.Opset}.");
        }

        Graph[] graphs = [model.Graph, .. model.Functions.Select(f => f.Body)];
        var own = model.Functions.Select(f => f.Domain.Length == 0 ? f.Name : $"{f.Domain}.{f.Name}").ToHashSet();
        foreach (var graph in graphs)
            Upgrade(graph, (int)opset, adapters, own);
        if (!graphs.Any(g => Uses(g, Lowerings.RuntimeDomain)))
            model.Opsets.Remove(Lowerings.RuntimeDomain);
        model.Opsets[""] = Model.Opset;
        model.IrVersion = Math.Max(model.IrVersion, IrOfOpset);
    }

    private static bool Uses(Graph graph, string domain) => graph.Nodes.Any(n => n.Domain == domain || n.Subgraphs().Any(g => Uses(g, domain)));

    // A model may define an operator itself; then it means that.
    private static void Upgrade(Graph graph, int opset, IReadOnlyDictionary<(string Op, int Since), Adapter> adapters, HashSet<string> own)
    {
        var old = graph.Nodes.ToArray();
        var inner = old.SelectMany(n => n.Subgraphs()).ToArray();
        var upgraded = new List<Node>();
        foreach (var node in old)
        {
            LaterOpsets.Lower(node);
            // What an adapter makes is appended to the graph; it belongs before the node, or in its place.
            var experiment = node.Domain.Length == 0 && !own.Contains(node.OpType) ? Experiments.Table.GetValueOrDefault(node.OpType) : null;
            var standing = experiment is null ? Adapt(node, opset, adapters) : experiment(node);
            if (standing is not null && Lowerings.Table.ContainsKey(standing.QualifiedType) && !own.Contains(standing.QualifiedType))
            {
                Lowerings.Replace(standing);
                standing = null;
            }

            upgraded.AddRange(graph.Nodes.Skip(old.Length));
            graph.Nodes.RemoveRange(old.Length, graph.Nodes.Count - old.Length);
            if (standing is not null)
                upgraded.Add(standing);
        }

        graph.Nodes.Clear();
        graph.Nodes.AddRange(upgraded);
        foreach (var body in inner)
            Upgrade(body, opset, adapters, own);
    }

    private static Node? Adapt(Node node, int opset, IReadOnlyDictionary<(string Op, int Since), Adapter> adapters)
    {
        var standing = RecurrentAdapters.TimeFirst(node);
        for (var version = opset + 1; version <= Model.Opset && standing is { Domain: "" }; version++)
        {
            if (adapters.TryGetValue((standing.OpType, version), out var adapter))
                standing = adapter(standing);
        }

        return standing;
    }
}
