using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Puts the branch that is taken in the place of an If whose condition is known before anything runs.</summary>
internal static class InlineIf
{
    /// <summary>Runs the pass, on bodies too; where shapes are known, conditions on sizes are.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var changed = false;
        while (graph.Nodes.Find(n => Taken(n) is not null) is { } node)
        {
            var branch = Taken(node)!;
            foreach (var body in node.Subgraphs())
                body.Parent = null;
            graph.ReplaceNode(node, () => branch.CopyInto(graph, []));
            changed = true;
        }

        foreach (var body in graph.Bodies.ToList())
            changed |= Run(body);
        return changed;
    }

    /// <summary>Gets the branch that is taken, or <see langword="null"/> where only the run can tell or the node is no If.</summary>
    internal static Graph? Taken(Node node) => node is { OpType: "If", Domain.Length: 0 } && KnownIntegers.Of(node[0]) is [var condition]
        ? node.Get<Graph>(condition != 0 ? "then_branch" : "else_branch")
        : null;
}
