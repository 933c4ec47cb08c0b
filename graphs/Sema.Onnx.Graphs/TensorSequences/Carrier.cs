namespace Sema.Onnx.Graphs.TensorSequences;

/// <summary>The tensors that stand for a sequence where it enters or leaves a body.</summary>
/// <param name="Count">How many tensors the sequence has: each goes alone; <see langword="null"/> where only the run can tell: they go stacked.</param>
internal sealed record Carrier(int? Count)
{
    /// <summary>Gets what can carry any of some sequences, or <see langword="null"/> where nothing can, or one is not known.</summary>
    internal static Carrier? Of(params IReadOnlyList<TensorSequence?> sequences) =>
        sequences.Select(s => s?.Elements?.Count).Distinct().ToList() is [> 0 and var count] ? new(count)
        : sequences.All(s => s?.CanStack == true) ? new((int?)null)
        : null;

    /// <summary>Writes the tensors of a sequence; operators on sequences do it, and are written in others in their turn.</summary>
    internal IReadOnlyList<Value> Leave(Value sequence)
    {
        var graph = sequence.Graph;
        return Count is { } count
            ? [.. Enumerable.Range(0, count).Select(i => graph.Emit("SequenceAt", [sequence, graph.Integer(i)]))]
            : [graph.Emit("ConcatFromSequence", [sequence], ("axis", 0), ("new_axis", 1))];
    }

    /// <summary>Gets the sequence that the next tensors of a queue stand for.</summary>
    internal TensorSequence Enter(Queue<Value> tensors) => Count is { } count
        ? TensorSequence.Of([.. Enumerable.Range(0, count).Select(_ => tensors.Dequeue())])
        : TensorSequence.OfStack(tensors.Dequeue());
}
