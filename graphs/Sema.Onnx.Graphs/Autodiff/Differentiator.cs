namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>Walks a graph backwards from the loss and appends the nodes of the gradients (reverse mode).</summary>
/// <remarks>It alone skips what nobody asked for, sums a broadcast gradient back, and adds up fan-out.</remarks>
internal static class Differentiator
{
    /// <summary>Appends the gradient of a scalar with respect to values that it depends on.</summary>
    /// <param name="loss">The scalar; its graph speaks opset <see cref="Model.Opset"/> and knows its shapes.</param>
    /// <param name="wrt">The values to differentiate by: initializers or inputs.</param>
    /// <returns>
    /// The gradients, in each value's own shape; a value that the loss does not depend on is absent, and values with equal
    /// gradients (both sides of a sum) may share one.
    /// </returns>
    /// <exception cref="GradientNotDefinedException">An operator on the way has no rule.</exception>
    internal static IReadOnlyDictionary<Value, Value> Gradients(Value loss, IReadOnlyCollection<Value> wrt)
    {
        var graph = loss.Graph;
        var path = Path.Between(wrt, loss);
        var pending = new Dictionary<Value, List<Value>> { [loss] = [graph.Scalar(1, loss.Type)] };
        var gradients = new Dictionary<Value, Value>();
        foreach (var node in path.Nodes.AsEnumerable().Reverse())
        {
            var dYs = node.Outputs.Select(o => o is null ? null : Total(o, pending)).ToArray();
            if (dYs.All(d => d is null))
                continue;
            if (GradientRules.Find(node) is not { } rule || dYs.Skip(rule.Outputs).Any(d => d is not null))
                throw new GradientNotDefinedException(node, Path.Behind(node, wrt));
            var dXs = rule.Pull(node, dYs);
            for (var i = 0; i < node.Inputs.Count; i++)
            {
                if (node.Inputs[i] is not { } x || !path.Contains(x) || !rule.Reaches(i) || dXs[i] is not { } dX)
                    continue;
                if (!pending.TryGetValue(x, out var sum))
                    pending[x] = sum = [];
                sum.Add(rule.CoreAxes is { } core ? Broadcast.SumTo(dX, node.Output, x, core) : dX);
            }
        }

        foreach (var value in wrt)
        {
            if (Total(value, pending) is { } gradient)
                gradients[value] = gradient;
        }

        return gradients;
    }

    /// <summary>Gets the nodes without a rule that stand between the weights and the loss, each with the weights behind it.</summary>
    internal static IEnumerable<GradientNotDefinedException> Obstacles(Value loss, IReadOnlyCollection<Value> wrt)
    {
        var path = Path.Between(wrt, loss);
        return path.Nodes.Where(n => GradientRules.Find(n) is null).Select(n => new GradientNotDefinedException(n, Path.Behind(n, wrt)));
    }

    private static Value? Total(Value x, Dictionary<Value, List<Value>> pending)
    {
        if (!pending.TryGetValue(x, out var parts))
            return null;
        if (parts.Count > 1)
            pending[x] = parts = [x.Graph.Emit("Sum", parts)];
        return parts[0];
    }

    /// <summary>The nodes through which a gradient flows, in running order.</summary>
    private sealed class Path
    {
        private readonly HashSet<Value> _values;

        private Path(HashSet<Value> values, List<Node> nodes) => (_values, Nodes) = (values, nodes);

        internal List<Node> Nodes { get; }

        internal bool Contains(Value value) => _values.Contains(value);

        internal static Path Between(IReadOnlyCollection<Value> wrt, Value loss)
        {
            var reached = new HashSet<Value>(wrt);
            var forward = loss.Graph.Nodes.Where(node =>
            {
                var carries = CarryingInputs(node).Any(reached.Contains);
                if (carries)
                    reached.UnionWith(node.Outputs.Where(o => o is not null && o.Type.IsFloat())!);
                return carries;
            }).ToList();

            var needed = new HashSet<Value> { loss };
            var nodes = forward.AsEnumerable().Reverse().Where(node =>
            {
                var leads = node.Outputs.Any(o => o is not null && needed.Contains(o));
                if (leads)
                    needed.UnionWith(CarryingInputs(node).Where(reached.Contains));
                return leads;
            }).Reverse().ToList();
            needed.IntersectWith(reached);
            return new(needed, nodes);
        }

        internal static IReadOnlyList<string> Behind(Node node, IReadOnlyCollection<Value> wrt)
        {
            var behind = CarryingInputs(node).ToHashSet();
            foreach (var earlier in node.Graph.Nodes.Take(node.Graph.Nodes.IndexOf(node)).Reverse())
            {
                if (earlier.Outputs.Any(o => o is not null && behind.Contains(o)))
                    behind.UnionWith(CarryingInputs(earlier));
            }

            return [.. wrt.Where(behind.Contains).Select(v => v.Name)];
        }

        // An operator without a rule counts as carrying: whoever needs a gradient through it must be told.
        private static IEnumerable<Value> CarryingInputs(Node node)
        {
            if (GradientRules.IsNotDifferentiable(node))
                return [];
            var rule = GradientRules.Find(node);
            return node.Inputs.Where((_, i) => rule is null || rule.Reaches(i)).Concat(node.Captured).Where(x => x is not null && x.Type.IsFloat())!;
        }
    }
}
