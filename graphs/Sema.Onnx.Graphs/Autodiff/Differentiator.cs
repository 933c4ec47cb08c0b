using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>Walks a graph backwards from the loss and appends the nodes of the gradients (reverse mode).</summary>
/// <remarks>It alone skips what nobody asked for, sums a broadcast gradient back, and adds up fan-out.</remarks>
internal static class Differentiator
{
    /// <summary>Appends the gradient of a scalar with respect to values that it depends on.</summary>
    /// <param name="loss">The scalar; its graph speaks opset <see cref="Model.Opset"/> and knows its shapes.</param>
    /// <param name="wrt">The values to differentiate by: initializers or inputs.</param>
    /// <param name="seed">The gradient of the scalar; <see langword="null"/> for 1.</param>
    /// <returns>
    /// The gradients, in each value's own shape; a value that the loss does not depend on is absent, and values with equal
    /// gradients (both sides of a sum) may share one.
    /// </returns>
    /// <exception cref="GradientNotDefinedException">An operator on the way has no rule.</exception>
    internal static IReadOnlyDictionary<Value, Value> Gradients(Value loss, IReadOnlyCollection<Value> wrt, Value? seed = null)
    {
        ExplicitCaptures.Run(loss.Graph);
        return Pull(loss.Graph, [(loss, seed ?? loss.Graph.Scalar(1, loss.Type))], wrt);
    }

    /// <summary>Appends the gradients of values of one graph, a body it may be, given the gradients of others.</summary>
    /// <param name="graph">The graph, whose bodies read what they take from outside through Identity nodes.</param>
    /// <param name="seeds">Results, each with its gradient, a value of the graph.</param>
    /// <param name="wrt">The values to differentiate by.</param>
    internal static IReadOnlyDictionary<Value, Value> Pull(
        Graph graph, IReadOnlyCollection<(Value Y, Value DY)> seeds, IReadOnlyCollection<Value> wrt)
    {
        var path = GradientPath.Between(graph, wrt, seeds.Select(s => s.Y));
        var pending = seeds.GroupBy(s => s.Y, s => s.DY).ToDictionary(s => s.Key, s => s.ToList());
        foreach (var node in path.Nodes.AsEnumerable().Reverse())
        {
            var dYs = node.Outputs.Select(o => o is null ? null : Total(o, pending)).ToArray();
            if (dYs.All(d => d is null))
                continue;
            if (GradientRules.Find(node) is not { } rule || dYs.Skip(rule.Outputs).Any(d => d is not null))
                throw new GradientNotDefinedException(node, GradientPath.Behind(node, wrt));
            foreach (var (x, dX) in rule.Gradients(node, dYs, path.Contains))
            {
                if (!pending.TryGetValue(x, out var sum))
                    pending[x] = sum = [];
                sum.Add(rule.CoreAxes is { } core ? Broadcast.SumTo(dX, node.Output, x, core) : dX);
            }
        }

        return wrt.Select(x => (X: x, DX: Total(x, pending))).Where(g => g.DX is not null).ToDictionary(g => g.X, g => g.DX!);
    }

    /// <summary>Gets the nodes without a rule that stand between the weights and the loss, inside bodies too, each with the weights behind it.</summary>
    internal static IEnumerable<GradientNotDefinedException> Obstacles(Value loss, IReadOnlyCollection<Value> wrt) =>
        GradientPath.Between(loss.Graph, wrt, [loss]).Obstacles().Select(o => new GradientNotDefinedException(o.Node, GradientPath.Behind(o.Outer, wrt)));

    private static Value? Total(Value x, Dictionary<Value, List<Value>> pending)
    {
        if (!pending.TryGetValue(x, out var parts))
            return null;

        // Add, since ONNX Runtime's Sum of the same numbers takes twice its time.
        if (parts.Count > 1)
            pending[x] = parts = [parts.Aggregate((sum, part) => sum + part)];
        parts[0].Shape ??= x.Shape;
        return parts[0];
    }
}
