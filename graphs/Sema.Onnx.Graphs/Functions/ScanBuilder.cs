namespace Sema.Onnx.Graphs.Functions;

/// <summary>Computes one step of a Scan.</summary>
/// <param name="states">The states that the step before left.</param>
/// <param name="at">The elements of the scanned inputs at this step, their axis of time taken away.</param>
/// <returns>The next states, and what is collected over the steps.</returns>
internal delegate (Value[] States, Value[] Collected) ScanStep(Value[] states, Value[] at);

/// <summary>Appends a Scan whose body is written with operators on values; values of the graph around may stand on their right.</summary>
internal static class ScanBuilder
{
    /// <summary>Runs over axis 1 of the scanned inputs and collects along axis 1.</summary>
    /// <param name="states">The first states.</param>
    /// <param name="scanned">The inputs to run over.</param>
    /// <param name="step">The body.</param>
    /// <param name="backwards">Whether it runs from the last step to the first; what it collects still stands in the inputs' order.</param>
    /// <returns>The last states, then what was collected.</returns>
    internal static Value[] Scan(Value[] states, Value[] scanned, ScanStep step, bool backwards = false)
    {
        var graph = scanned[0].Graph;
        var body = new Graph("step", graph) { IsFunctionBody = graph.IsFunctionBody };
        var inputs = states.Concat(scanned).Select(v => body.AddInput(body.UniqueName("at"), v.Type, null)).ToArray();
        var (next, collected) = step(inputs[..states.Length], inputs[states.Length..]);
        body.Outputs.AddRange([.. next, .. collected]);
        return [.. graph.AddNode("Scan", "", [.. states, .. scanned],
        [
            new("body", body), ("num_scan_inputs", scanned.Length),
            ("scan_input_axes", All(scanned, 1)), ("scan_output_axes", All(collected, 1)),
            ("scan_input_directions", All(scanned, backwards ? 1 : 0)), ("scan_output_directions", All(collected, backwards ? 1 : 0)),
        ], body.Outputs.Count).Outputs!];
    }

    private static long[] All(Value[] values, long same) => [.. values.Select(_ => same)];
}
