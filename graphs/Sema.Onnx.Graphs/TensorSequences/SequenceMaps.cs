namespace Sema.Onnx.Graphs.TensorSequences;

/// <summary>Writes SequenceMap: its body once a tensor where their number is known, else a Loop over the stack.</summary>
internal static class SequenceMaps
{
    /// <summary>Gets what writes a node, or <see langword="null"/> where its inputs are not known yet.</summary>
    internal static Func<IReadOnlyList<Value>>? Written(Node y)
    {
        var (body, sequences) = (y.Get<Graph>("body"), y.Inputs.Select((_, i) => TensorSequence.Of(y[i])).ToList());
        if (body is null || sequences[0] is not { } first || y.Inputs.Where((x, i) => sequences[i] is null && x!.Type == ElementType.Undefined).Any())
            return null;
        if (sequences.Find(s => s?.Elements is { } other && first.Elements is { } own && other.Count != own.Count) is not null)
            throw new InvalidModelException($"Operator '{y.OpType}', node {y.Label}: its sequences differ in their lengths.");
        if (first.Elements is null && sequences.Exists(s => s?.CanStack == false))
            return null;
        return () =>
        {
            body.Parent = null;
            return first.Elements is { } elements ? OneByOne(y, body, sequences, elements.Count) : Looped(y, body, sequences);
        };
    }

    private static List<Value> OneByOne(Node y, Graph body, List<TensorSequence?> sequences, int count)
    {
        var results = Enumerable.Range(0, count).Select(n => body.CopyInto(y.Graph, Formals(y, body, i => sequences[i]?.At(n, y.Graph)), again: true)).ToList();
        return [.. y.Outputs.Select((_, o) => TensorSequence.Of([.. results.Select(r => r[o])]).In(y.Graph))];
    }

    private static List<Value> Looped(Node y, Graph body, List<TensorSequence?> sequences)
    {
        var (graph, around) = (new Graph($"{body.Name}_rows", y.Graph), y.Graph);
        var stacks = sequences.ConvertAll(s => s?.Stack(around));
        var iteration = graph.AddInput(graph.UniqueName("iteration"), ElementType.Int64, Shape.Of());
        var condition = graph.AddInput(graph.UniqueName("condition"), ElementType.Bool, Shape.Of());
        var results = body.CopyInto(graph, Formals(y, body, i => stacks[i] is { } stack ? TensorSequence.Taken(stack, graph).Gather(iteration, 0) : null));
        graph.Outputs.AddRange([condition.Identity(), .. results.Select(r => r.Identity())]);
        var loop = around.AddNode("Loop", "", [sequences[0]!.Length(around), null], [new("body", graph)], results.Count);
        return [.. loop.Outputs.Select(o => TensorSequence.OfStack(o!).In(around))];
    }

    // What is no sequence is the same for every tensor.
    private static Dictionary<Value, Value> Formals(Node y, Graph body, Func<int, Value?> element) =>
        body.Inputs.Select((formal, i) => (formal, Given: element(i) ?? y[i])).ToDictionary(f => f.formal, f => f.Given);
}
