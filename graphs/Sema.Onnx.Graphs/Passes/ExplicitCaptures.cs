using Sema.Onnx.Graphs.Autodiff;
namespace Sema.Onnx.Graphs.Passes;

/// <summary>Lets each body read what it takes from the graphs around through one Identity node a value, so that all else in it is its own.</summary>
/// <remarks>
/// Passes and gradient rules append nodes to the graph of a value that they work on; with a value of another graph they would land there.
/// Constants that carry no gradient (integers, a scale of Resize) are copied instead, since rules look at their values.
/// </remarks>
internal static class ExplicitCaptures
{
    /// <summary>Runs the pass, on the bodies of bodies too.</summary>
    /// <param name="graph">The graph whose nodes run bodies.</param>
    /// <param name="constants">Whether constants are taken in as well; before an upgrade, operators are not yet what the rules know.</param>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph, bool constants = true)
    {
        var changed = false;
        foreach (var body in graph.Bodies.ToList())
        {
            foreach (var outer in body.Captured.Distinct().Where(v => (constants || v.Initializer is null) && !IsEntered(body, v)).ToList())
            {
                Enter(body, outer);
                changed = true;
            }

            changed |= Run(body, constants);
        }

        return changed;
    }

    /// <summary>Gets the Identity nodes through which a body reads values of the graphs around, by those values.</summary>
    internal static ILookup<Value, Node> Entries(Graph body) =>
        body.Nodes.Where(n => n is { OpType: "Identity", Domain.Length: 0 } && n[0].Graph != body).ToLookup(n => n[0]);

    private static bool IsEntered(Graph body, Value outer) => !body.Outputs.Contains(outer)
        && body.Nodes.Where(n => n.Inputs.Contains(outer) || n.Captured.Contains(outer)).ToList() is [{ OpType: "Identity", Domain.Length: 0 }];

    private static void Enter(Graph body, Value outer)
    {
        if (outer.Initializer is { } constant && !CarriesGradient(body, outer))
        {
            var copy = body.AddInitializer(body.UniqueName(outer.Name), constant);
            copy.FromConstantNode = outer.FromConstantNode;
            body.Replace(outer, copy);
            return;
        }

        var entry = body.AddNode("Identity", "", [outer], [], 1);
        body.Nodes.RemoveAt(body.Nodes.Count - 1);
        body.Nodes.Insert(0, entry);
        body.Rename(entry.Output, body.UniqueName(outer.Name));
        (entry.Output.Type, entry.Output.Shape) = (outer.Type, outer.Shape);
        body.Replace(outer, entry.Output, except: entry);
    }

    private static bool CarriesGradient(Graph body, Value constant) => constant.Type.IsFloat()
        && (body.Outputs.Contains(constant) || body.Nodes.Exists(n => n.Captured.Contains(constant)
            || (!GradientRules.IsNotDifferentiable(n) && n.Inputs.Index().Any(x => x.Item == constant && GradientRules.Find(n)?.Reaches(x.Index) != false))));
}
