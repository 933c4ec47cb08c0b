namespace Sema.Onnx.Graphs.Passes;

/// <summary>What can be said of a Loop before it runs.</summary>
internal static class LoopForm
{
    /// <summary>Gets how many iterations a loop does, or -1 where only the run can tell.</summary>
    internal static long Count(Node loop)
    {
        var body = loop.Get<Graph>("body")!;
        var endless = (loop.Optional(1) is not { } start || KnownIntegers.Of(start) is [1])
            && (body.Outputs[0].Source() == body.Inputs[1] || KnownIntegers.Of(body.Outputs[0]) is [1]);
        return endless && loop.Optional(0) is { } trips && KnownIntegers.Of(trips) is [var count] ? Math.Max(count, 0) : -1;
    }

    /// <summary>Gets whether a state keeps its sizes from iteration to iteration, as far as they are known.</summary>
    internal static bool IsSteady(Node loop, int state)
    {
        var (first, formal) = (loop[2 + state].Shape, loop.Get<Graph>("body")!.Inputs[2 + state].Shape);
        return first is null || (formal is not null && !first.Zip(formal).Any(d => d.First.IsKnown && !d.Second.IsKnown));
    }
}
