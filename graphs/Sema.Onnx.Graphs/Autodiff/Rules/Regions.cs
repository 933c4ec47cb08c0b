using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Pooling over regions of interest; the regions themselves are choices and get no gradient.</summary>
internal static class Regions
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // y = op(x, regions)    ∂L/∂x
        ["RoiAlign"]   = Of([(y, dY) => y.Get<string>("mode") == "max" ? AlignedMax(y, dY) : AlignedMean(y, dY)]).When(IsSized),   // of the maximum: to the first
        ["MaxRoiPool"] = Of([MaxRoiPool]).When(IsSized),                                                                          // to the first of tied elements
    };
#pragma warning restore format

    private static bool IsSized(Node y) => y[0].Shape is { Rank: 4 } shape && shape.Skip(1).All(d => d.IsKnown);

    // Y[r, c] = A_r X[batch r, c] B_rᵀ, with a matrix for the rows and one for the columns:  dX[n, c] = Σ A_rᵀ dY[r, c] B_r over n's regions
    private static Value AlignedMean(Node y, Value dY)
    {
        var (rows, columns, graph) = (Rows(y).Matrix(), Columns(y).Matrix(), y.Graph);                       // [R, P, H], [R, Q, W]
        var batch = graph.Emit("Range", [graph.Integer(0), y[0].DynamicShape().Gather(graph.Integer(0), 0), graph.Integer(1)]);
        var isOf = batch.Unsqueeze(1).Equal(y[2].Cast(ElementType.Int64)).Cast(dY.Type).Unsqueeze(2, 3);      // [N, R, 1, 1]
        var lines = rows.Transpose(3).Unsqueeze(1).MatMul(dY).Transpose(1, 2, 0, 3).Reshape(0, 0, -1);       // [C, H, R Q]
        return lines.MatMul((isOf * columns).Reshape(0, -1, y[0].KnownShape[3].Size).Unsqueeze(1));   // [N, C, H, W]
    }

    private static RoiAxis Rows(Node y) => RoiAxis.Of(y, 2, y.Int("output_height", 1), coordinate: 1);

    private static RoiAxis Columns(Node y) => RoiAxis.Of(y, 3, y.Int("output_width", 1), coordinate: 0);

    // The maximum over all elements that a bin's samples read, each times its weight: ONNX Runtime's choice.
    private static Value AlignedMax(Node y, Value dY)
    {
        var ((rowPlace, rowWeight, rowCounts), (columnPlace, columnWeight, columnCounts)) = (Rows(y).Taps(), Columns(y).Taps());
        return ToLargest(y, dY, y[2].Cast(ElementType.Int64), rowPlace, columnPlace, rowCounts, columnCounts, rowWeight, columnWeight);
    }

    // Bin p of a region that starts at s and is h long: from s + ⌊p h/P⌋ to s + ⌈(p + 1) h/P⌉, in whole elements.
    private static Value MaxRoiPool(Node y, Value dY)
    {
        var pooled = y.Ints("pooled_shape") ?? throw new InvalidModelException($"Operator 'MaxRoiPool', node {y.Label}, lacks its attribute 'pooled_shape'.");
        var ((rows, inRows), (columns, inColumns)) = (Bins(y, 2, pooled[0], 2), Bins(y, 3, pooled[1], 1));
        var batch = y[1].Gather(y.Graph.Integer(0), 1).Cast(ElementType.Int64);
        return ToLargest(y, dY, batch, rows, columns, inRows, inColumns, null, null);
    }

    // The elements of each bin along one axis, and which of them count: [R, P, K], where K is the largest bin's size.
    private static (Value Places, Value Counts) Bins(Node y, int axis, long pooled, int coordinate)
    {
        var (graph, size, scale) = (y.Graph, y[0].KnownShape[axis].Size, (double)y.Float("spatial_scale", 1));
        Value start = Rounded(At(coordinate)), length = (Rounded(At(coordinate + 2)) - start + 1).Max(y[1].Like(1));   // [R, 1]
        var bin = Counted(pooled).Unsqueeze(0);
        var width = length / pooled;
        Value low = Inside(graph.Emit("Floor", [bin * width])), high = Inside(graph.Emit("Ceil", [(bin + 1) * width]));
        var most = graph.Emit("ReduceMax", [high - low], ("keepdims", 0)).Max(y[1].Like(1)).Cast(ElementType.Int64);
        var places = low.Unsqueeze(2) + graph.Emit("Range", [graph.Integer(0), most, graph.Integer(1)]).Cast(y[1].Type);
        return (places.Min(y[1].Like(size - 1)).Cast(ElementType.Int64), places.Less(high.Unsqueeze(2)));

        Value At(long column) => y[1].Gather(graph.Vector(column), 1) * scale;

        Value Rounded(Value value) => graph.Emit("Floor", [value + 0.5]);

        Value Counted(long count) => graph.Emit("Range", [graph.Integer(0), graph.Integer(count), graph.Integer(1)]).Cast(y[1].Type);

        Value Inside(Value place) => (place + start).Max(y[1].Like(0)).Min(y[1].Like(size));
    }

    // To the largest of the elements that rows [R, P, K] and columns [R, Q, L] of a region's image make, times their weights.
    private static Value ToLargest(
        Node y, Value dY, Value batch, Value rows, Value columns, Value inRows, Value inColumns, Value? rowWeight, Value? columnWeight)
    {
        var (graph, shape) = (y.Graph, y[0].KnownShape);
        var (channels, lowest) = (shape[1].Size, y[0].Like(double.NegativeInfinity));
        var place = (batch.Reshape(-1, 1, 1, 1, 1) * graph.Integer(shape[2].Size) + Row(rows)) * graph.Integer(shape[3].Size) + Column(columns);
        var counts = AsBins(Row(inRows).And(Column(inColumns))).Unsqueeze(2);                                // [R P Q, K L, 1]
        var pixels = y[0].Transpose(0, 2, 3, 1).Reshape(-1, channels);
        var read = pixels.Gather(AsBins(place), 0);                                                          // [R P Q, K L, C]
        var weight = rowWeight is null ? null : AsBins(Row(rowWeight) * Column(columnWeight!)).Unsqueeze(2).Expand(read.DynamicShape());
        var first = graph.Emit("ArgMax", [counts.Where(weight is null ? read : read * weight, lowest)], ("axis", 1)).As(ElementType.Int64);
        var into = Chosen(AsBins(place).Unsqueeze(2).Expand(read.DynamicShape()));
        var share = dY.Transpose(0, 2, 3, 1).Reshape(-1, channels);
        share = (weight is null ? share : share * Chosen(weight)).Masked(Chosen(counts.Expand(read.DynamicShape())));
        return graph.Emit("ScatterElements", [pixels.ZerosOf(pixels.DynamicShape()), into, share], ("axis", 0), ("reduction", "add"))
            .Reshape(graph.Vector(-1, shape[2].Size, shape[3].Size, channels)).Transpose(0, 3, 1, 2);

        Value Row(Value value) => value.Unsqueeze(2, 4);        // [R, P, 1, K, 1]

        Value Column(Value value) => value.Unsqueeze(1, 3);     // [R, 1, Q, 1, L]

        Value AsBins(Value value) => graph.Emit("Flatten", [value], ("axis", 3));

        Value Chosen(Value value) => graph.Emit("GatherElements", [value, first], ("axis", 1)).Squeeze(1);
    }
}
