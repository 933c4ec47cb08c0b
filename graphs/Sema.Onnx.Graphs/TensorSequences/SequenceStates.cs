using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Upgrade;
using static Sema.Onnx.Graphs.TensorSequences.TensorSequence;

namespace Sema.Onnx.Graphs.TensorSequences;

/// <summary>Writes the sequences that a Loop carries along, and that the branches of an If give, as tensors.</summary>
internal static class SequenceStates
{
    /// <summary>Gets what writes an If whose branches give sequences, or <see langword="null"/> where there is nothing to do, or too little is known.</summary>
    internal static Func<IReadOnlyList<Value>>? OfIf(Node node)
    {
        var branches = node.Subgraphs().ToList();
        var appended = node.Outputs.Select((_, i) => Longer([.. branches.Select(b => b.Outputs[i])])).ToList();
        var carriers = node.Outputs.Select((_, i) => Carrier.Of([.. branches.Select(b => TensorSequence.Of(b.Outputs[i]))])).ToList();
        return appended.Concat<object?>(carriers).All(x => x is null) ? null : () =>
        {
            foreach (var branch in branches)
                SetOutputs(branch, [.. branch.Outputs.SelectMany((o, i) => appended[i] is not null ? [o.Source().Producer![1]] : carriers[i]?.Leave(o) ?? [o])]);
            var made = Remade(node, node.Inputs, branches[0].Outputs.Count);
            return [.. node.Outputs.Select((_, i) => appended[i] is { } start ? node.Graph.Emit("SequenceInsert", [Taken(start, node.Graph), made.Dequeue()])
                : carriers[i]?.Enter(made).In(node.Graph) ?? made.Dequeue())];
        };
    }

    // The sequence that the results are, each with one tensor more at its end.
    private static Value? Longer(IReadOnlyList<Value> results) =>
        results.Select(r => Appending(r)).Select(insert => insert is null ? null : insert[0].Source()).Distinct().ToList() is [var same] ? same : null;

    private static Node? Appending(Value result) => result.Source().Producer is { OpType: "SequenceInsert" } insert && insert.Optional(2) is null ? insert : null;

    /// <summary>Gets what writes a Loop that carries sequences, or <see langword="null"/> where there is nothing to do, or too little is known.</summary>
    internal static Func<IReadOnlyList<Value>>? OfLoop(Node loop)
    {
        if (loop.Get<Graph>("body") is not { } body)
            return null;
        var states = Enumerable.Range(0, loop.Inputs.Count - 2).Select(j => State.Of(loop[2 + j], body, j)).ToList();
        return states.TrueForAll(s => s is null) ? null
            : states.Exists(s => s is { IsSteady: false }) && UnrollLoops.Can(loop) ? () => UnrollLoops.Iterations(loop)
            : () => Loop(loop, body, states);
    }

    private static List<Value> Loop(Node loop, Graph body, List<State?> states)
    {
        List<Value?> starts = [loop.Optional(0), loop.Optional(1)];
        var (formals, own, sequences) = (body.Inputs[..2], body.Nodes.ToList(), new Dictionary<Value, Value>());

        // In front of the body's own nodes: the sequences that the tensors stand for.
        body.Nodes.Clear();
        foreach (var (formal, state, start) in body.Inputs[2..].Zip(states, loop.Inputs[2..]))
        {
            IReadOnlyList<Value> tensors = state is null ? [start!] : state.Carrier?.Leave(start!) ?? [];
            starts.AddRange(tensors);
            List<Value> entered = state is null ? [formal] : [.. tensors.Select(t => body.AddInput(body.UniqueName(formal.Name), t.Type, shape: null))];
            formals.AddRange(entered);
            if (state is not null)
                sequences[formal] = (state.Carrier?.Enter(new(entered)) ?? TensorSequence.Of([])).In(body);
        }

        body.Nodes.AddRange(own);
        foreach (var (formal, sequence) in sequences)
        {
            body.Replace(formal, sequence);
            body.Remove(formal);
        }

        body.Inputs.Clear();
        body.Inputs.AddRange(formals);
        SetOutputs(body,
        [
            body.Outputs[0], .. body.Outputs.Skip(1).Zip(states).SelectMany(o => o.Second is null ? [o.First] : o.Second.Carrier?.Leave(o.First) ?? []),
            .. body.Outputs.Skip(1 + states.Count), .. states.Select(s => s?.Appended).OfType<Node>().Select(insert => insert[1].Identity()),
        ]);

        // States, then what the loop stacked, then what it appends.
        var made = Remade(loop, starts, body.Outputs.Count - 1);
        var results = states.ConvertAll(s => s is null ? made.Dequeue() : s.Carrier?.Enter(made).In(loop.Graph));
        while (made.Count > states.Count(s => s?.Appended is not null))
            results.Add(made.Dequeue());
        return [.. results.Select((r, j) => r ?? Joined(TensorSequence.Of(loop[2 + j])!, made.Dequeue()))];
    }

    private static Value Joined(TensorSequence start, Value rows) =>
        TensorSequence.OfStack(start.Elements is { Count: 0 } ? rows : Operators.Concat([start.Stack(rows.Graph), rows], 0)).In(rows.Graph);

    private static void SetOutputs(Graph body, List<Value> outputs)
    {
        body.Outputs.Clear();
        body.Outputs.AddRange(outputs);
    }

    private static Queue<Value> Remade(Node node, IEnumerable<Value?> inputs, int outputs)
    {
        var made = node.Graph.AddNode(node.OpType, "", inputs, node.Attributes, outputs);
        made.Name = node.Name;
        return new(made.Outputs!);
    }

    // A state that is a sequence: a node appends to it and nothing else looks at it, so that the loop can stack what is appended; or something carries it.
    private sealed record State(Node? Appended, Carrier? Carrier)
    {
        /// <summary>Gets whether its tensors have the same sizes in all iterations, as far as is known.</summary>
        internal bool IsSteady => Appended is not null ? Appended[1].Shape is null or { IsStatic: true } : Carrier!.Count is not null;

        internal static State? Of(Value start, Graph body, int number)
        {
            if (TensorSequence.Of(start) is not { } sequence)
                return null;
            var (formal, result) = (body.Inputs[2 + number], body.Outputs[1 + number]);
            if ((sequence.CanStack || sequence.Elements!.Count == 0) && Appending(body, formal, result) is { } insert)
                return new(insert, null);
            var carrier = sequence.Elements is { Count: > 0 and var count } && Length(result, formal, count) == count ? new(count)
                : sequence.CanStack ? new Carrier((int?)null)
                : null;
            return carrier is null ? null : new(null, carrier);
        }

        private static Node? Appending(Graph body, Value formal, Value result)
        {
            if (SequenceStates.Appending(result) is not { } insert || insert[0].Source() != formal)
                return null;
            var readers = body.AllNodes.Where(n => n != insert && n.OpType != "Identity").ToList();
            var read = readers.SelectMany(n => n.Inputs.OfType<Value>().Concat(n.Subgraphs().SelectMany(g => g.Outputs))).Concat(body.Outputs.Where(o => o != result));
            return body.Outputs.Count(o => o == result) > 1 || read.Any(v => v.Source() is var source && (source == formal || source == insert.Output)) ? null : insert;
        }

        // How many tensors a result has where the state has so many.
        private static int? Length(Value sequence, Value formal, int count) => sequence == formal ? count : sequence.Producer switch
        {
            { OpType: "Identity" } node => Length(node[0], formal, count),
            { OpType: "SequenceInsert" } node => Length(node[0], formal, count) + 1,
            { OpType: "SequenceErase" } node => Length(node[0], formal, count) - 1,
            { OpType: "If" } node => node.Subgraphs().Select(b => Length(b.Outputs[node.Outputs.IndexOf(sequence)], formal, count)).Distinct().ToList() is [var same] ? same : null,
            _ => TensorSequence.Of(sequence)?.Elements?.Count,
        };
    }
}
