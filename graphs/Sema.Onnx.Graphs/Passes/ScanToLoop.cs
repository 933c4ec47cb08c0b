using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Writes each Scan as a Loop over its first sequence's length, so that gradient rules know one kind of loop.</summary>
/// <remarks>The body takes its element of each sequence by Gather; what Scan stacks along other axes or in reverse is turned after the loop.</remarks>
internal static class ScanToLoop
{
    /// <summary>Runs the pass, on bodies too; the outputs' ranks must be known where they are stacked along another axis than the first.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var changed = false;
        foreach (var node in graph.Nodes.ToList())
        {
            if (node is { OpType: "Scan", Domain.Length: 0 })
            {
                graph.ReplaceNode(node, () => Loop(node));
                changed = true;
            }
        }

        foreach (var body in graph.Bodies.ToList())
            changed |= Run(body);
        return changed;
    }

    private static List<Value> Loop(Node scan)
    {
        var body = scan.Get<Graph>("body") ?? throw new InvalidModelException($"Operator 'Scan', node {scan.Label}, lacks its body.");
        var sequences = (int)scan.Int("num_scan_inputs", 0);
        var states = scan.Inputs.Count - sequences;
        var length = Length(scan[states], At(scan, "scan_input_axes", 0));
        var (last, own) = (length - scan.Graph.Integer(1), body.Nodes.ToList());
        var (iteration, condition) = (Formal(body, 0, "iteration", ElementType.Int64), Formal(body, 1, "condition", ElementType.Bool));

        // In front of the body's own nodes: the elements of this iteration.
        body.Nodes.Clear();
        for (var i = 0; i < sequences; i++)
        {
            var formal = body.Inputs[2 + states];
            var place = At(scan, "scan_input_directions", i) == 0 ? iteration : body.Emit("Sub", [last, iteration]);
            var element = body.Emit("Gather", [scan[states + i], place], ("axis", At(scan, "scan_input_axes", i)));
            (element.Type, element.Shape) = (scan[states + i].Type, formal.Shape);
            body.Replace(formal, element);
            own.ForEach(n => ReplaceIn(n, formal, element));
            body.Remove(formal);
        }

        body.Nodes.AddRange(own);
        body.Outputs.Insert(0, body.Emit("Identity", [condition]));
        var loop = scan.Graph.AddNode("Loop", "", [length, null, .. scan.Inputs.Take(states)], [new("body", body)], scan.Outputs.Count);
        loop.Name = scan.Name;
        return [.. loop.Outputs.Select((o, i) => i < states ? o! : Turned(scan, o!, i, i - states))];
    }

    private static Value Formal(Graph body, int position, string name, ElementType type)
    {
        var formal = body.AddInput(body.UniqueName(name), type, Shape.Of());
        body.Inputs.Remove(formal);
        body.Inputs.Insert(position, formal);
        return formal;
    }

    private static void ReplaceIn(Node node, Value old, Value by)
    {
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (node.Inputs[i] == old)
                node.Inputs[i] = by;
        }

        foreach (var body in node.Subgraphs())
            body.Replace(old, by);
    }

    private static Value Length(Value sequence, long axis) => sequence.Shape is { } shape && shape[(int)(axis < 0 ? axis + shape.Rank : axis)] is { IsKnown: true } known
        ? sequence.Graph.Integer(known.Size)
        : sequence.DynamicShape().Gather(sequence.Graph.Integer(axis), 0);

    // The loop stacks in front and in its own order.
    private static Value Turned(Node scan, Value stack, int output, int number)
    {
        if (scan.Outputs[output] is not { } old)
            return stack;
        stack.Type = old.Type;
        if (At(scan, "scan_output_directions", number) != 0)
            stack = stack.Slice(0, -1, long.MinValue, -1);
        if (At(scan, "scan_output_axes", number) is var axis && axis == 0)
            return stack;
        axis = axis < 0 ? axis + old.Rank : axis;
        return stack.Transpose([.. Enumerable.Range(0, old.Rank).Select(i => i < axis ? i + 1L : i == axis ? 0 : i)]);
    }

    private static long At(Node scan, string attribute, int index) => scan.Ints(attribute) is { } list ? list[index] : 0;
}
