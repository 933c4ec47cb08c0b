using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Look-ups by index: what was read from a place is added up there.</summary>
internal static class Indexing
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // y = x[indices]            ∂L/∂x
        ["Gather"]         = Of([Gather]),
        ["GatherElements"] = Of([(y, dY) => y.Graph.Emit(
            "ScatterElements", [y[0].ZerosOf(y[0].ShapeVector()), y[1], dY], ("axis", y.Axis("axis", 0, y[0].Rank)), ("reduction", "add"))]),
        ["GatherND"]       = Of([GatherND]).When(y => y.Int("batch_dims", 0) == 0 && Depth(y) is not null),
        ["OneHot"]         = Of([null, null, OneHot]),
        ["MaxUnpool"]      = Of([MaxUnpool]),
        ["TopK"]           = Of([TopK]),                                                               // of the values
        ["Compress"]       = Of([Compress]),
        ["Unique"]         = Of([(y, dY) => Picked(y, dY, y.NeedOutput(1, ElementType.Int64))]),       // to the first of equal elements
        ["ReverseSequence"] = Of([(y, dY) => y.Graph.Emit("ReverseSequence", [dY, y[1]], y.Attributes)]),   // its own inverse

        // y = x but y[indices] = u      ∂L/∂x: dY, 0 where u was written   ∂L/∂u: dY[indices]
        ["ScatterElements"] = Of([
            (y, dY) => Adds(y) ? dY : Erased(y, dY), null,
            (y, dY) => y.Graph.Emit("GatherElements", [dY, y[1]], ("axis", y.Axis("axis", 0, y[0].Rank)))]).When(WritesOrAdds),
        ["ScatterND"]      = Of([
            (y, dY) => Adds(y) ? dY : Erased(y, dY), null,
            (y, dY) => y.Graph.Emit("GatherND", [dY, y[1]])]).When(WritesOrAdds),
    };
#pragma warning restore format

    // One constant index is a slice: zeros around it. Many are added up.
    private static Value Gather(Node y, Value dY)
    {
        var (graph, shape) = (y.Graph, y[0].KnownShape);
        var axis = y.Axis("axis", 0, shape.Rank);
        if (y[1].Initializer is not { Count: 1 } constant || !shape[axis].IsKnown)
            return graph.Call("GatherGrad", [dY, y[1], y[0].ShapeVector()], ("axis", axis));

        var pads = new long[2 * shape.Rank];
        var index = constant.ToInt64()[0];
        pads[axis] = index < 0 ? index + shape[axis].Size : index;
        pads[shape.Rank + axis] = shape[axis].Size - 1 - pads[axis];
        var slab = constant.Dims.Count == 0 ? dY.Unsqueeze(axis)
            : constant.Dims.Count == 1 ? dY
            : dY.Squeeze([.. Enumerable.Range(axis + 1, constant.Dims.Count - 1).Select(a => (long)a)]);
        return graph.Emit("Pad", [slab, graph.Vector(pads)]);
    }

    // The indexed axes as one, looked up by row = (i₀·size₁ + i₁)·size₂ + … The runtime's ScatterND would be shorter, but it adds
    // repeated indices from several threads at once and loses some; ScatterElements does not.
    private static Value GatherND(Node y, Value dY)
    {
        var (graph, shape, depth) = (y.Graph, y[0].ShapeVector(), (int)Depth(y)!);
        Value sizes = shape.Slice(0, 0, depth), rest = shape.Slice(0, depth, y[0].Rank);
        Value index = y[1].Less(graph.Integer(0)).Where(y[1] + sizes, y[1]), row = graph.Integer(0);
        for (var i = 0; i < depth; i++)
            row = row * sizes.Gather(graph.Integer(i), 0) + index.Gather(graph.Integer(i), -1);
        var rows = Operators.Concat([graph.Emit("ReduceProd", [sizes]), rest], 0);
        return graph.Call("GatherGrad", [dY, row, rows], ("axis", 0)).Reshape(shape);
    }

    private static long? Depth(Node y) => y[1].Shape is { Rank: > 0 } shape && shape[shape.Rank - 1] is { IsKnown: true } depth ? depth.Size : null;

    // y = off but on at the index:  the sums of dY there and there
    private static Value OneHot(Node y, Value dY)
    {
        var isOn = y.Graph.Emit("OneHot", [y[0], y[1], y.Graph.Vector(0, 1)], y.Attributes).As(ElementType.Int64).Equal(y.Graph.Integer(1));
        return Operators.Concat([dY.Masked(isOn.Not()).SumAll().Unsqueeze(0), dY.Masked(isOn).SumAll().Unsqueeze(0)], 0);
    }

    // Where windows overlap, a place comes twice: the last one wrote it.
    private static Value MaxUnpool(Node y, Value dY)
    {
        var (graph, places) = (y.Graph, y[1].Reshape(-1));
        var (flat, count) = (dY.Reshape(-1), graph.Emit("Range", [graph.Integer(0), y[1].Graph.Emit("Size", [y[1]]).As(ElementType.Int64), graph.Integer(1)]));
        var writers = graph.Emit("ScatterElements", [graph.Integer(-1).Expand(flat.DynamicShape()), places, count], ("axis", 0), ("reduction", "max"));
        return flat.Gather(places, 0).Masked(writers.Gather(places, 0).Equal(count)).Reshape(y[0].ShapeVector());
    }

    // No index comes twice.
    private static Value TopK(Node y, Value dY) => y.Graph.Emit("ScatterElements",
        [y[0].ZerosOf(y[0].ShapeVector()), y.NeedOutput(1, ElementType.Int64), dY], ("axis", y.Axis("axis", -1, y[0].Rank)));

    private static Value Compress(Node y, Value dY) => Picked(y, dY, y.Graph.Emit("NonZero", [y[1]]).As(ElementType.Int64).Reshape(-1));

    // Without an axis the elements count in their order in memory.
    private static Value Picked(Node y, Value dY, Value places)
    {
        var (graph, shape) = (y.Graph, y[0].ShapeVector());
        return y.Has("axis") ? graph.Call("GatherGrad", [dY, places, shape], ("axis", y.Axis("axis", 0, y[0].Rank)))
            : graph.Call("GatherGrad", [dY, places, graph.Emit("ReduceProd", [shape], ("keepdims", 1))], ("axis", 0)).Reshape(shape);
    }

    private static bool Adds(Node y) => y.Get<string>("reduction") == "add";

    private static bool WritesOrAdds(Node y) => y.Get<string>("reduction") is null or "none" or "add";

    // The same node over dY, with zeros for the updates.
    private static Value Erased(Node y, Value dY) => y.Graph.Emit(y.OpType, [dY, y[1], y[2].ZerosOf(y[2].ShapeVector())], y.Attributes);
}
