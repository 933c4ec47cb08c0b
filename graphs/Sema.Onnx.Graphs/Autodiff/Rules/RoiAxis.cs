namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Where the samples of RoiAlign's bins lie along one axis of the image: [R, P, S] for R regions of P bins with S samples each.</summary>
/// <param name="Place">The place, in elements.</param>
/// <param name="Counts">Whether the sample is one of the bin's: regions of unlike size may have unlike many.</param>
/// <param name="Number">How many samples a bin has, at least 1: [R, 1, 1] or a scalar.</param>
/// <param name="Size">The image's size along the axis.</param>
internal sealed record RoiAxis(Value Place, Value Counts, Value Number, long Size)
{
    // Further outside there is nothing; nearer, the border goes on.
    private Value IsNear => Place.GreaterOrEqual(Place.Like(-1)).And(Place.Greater(Place.Like(Size)).Not());

    private Value Inside => Place.Max(Place.Like(0)).Min(Place.Like(Size - 1));

    /// <summary>Finds the samples.</summary>
    /// <param name="y">The RoiAlign.</param>
    /// <param name="axis">The image's axis.</param>
    /// <param name="bins">How many bins a region has along it.</param>
    /// <param name="coordinate">Which of a region's numbers is its start; its end is two further on.</param>
    internal static RoiAxis Of(Node y, int axis, long bins, long coordinate)
    {
        var (graph, rois, ratio) = (y.Graph, y[1], y.Int("sampling_ratio", 0));
        var isHalf = (y.Get<string>("coordinate_transformation_mode") ?? "half_pixel") == "half_pixel";
        Value start = At(coordinate), length = At(coordinate + 2) - start;
        if (!isHalf)
            length = length.Max(rois.Like(1));
        var bin = length / bins;
        var number = ratio > 0 ? rois.Like(ratio) : graph.Emit("Ceil", [bin]).Max(rois.Like(0));
        var most = ratio > 0 ? graph.Integer(ratio) : graph.Emit("ReduceMax", [number], ("keepdims", 0)).Cast(ElementType.Int64);
        var (sample, atLeast) = (Counted(most), number.Max(rois.Like(1)));                         // [S], [R, 1, 1]
        var place = start + Counted(graph.Integer(bins)).Unsqueeze(1) * bin + (sample + 0.5) * (bin / atLeast);
        return new(place, sample.Less(number).Expand(place.DynamicShape()), atLeast, y[0].KnownShape[axis].Size);

        Value At(long column) => (rois.Gather(graph.Vector(column), 1) * y.Float("spatial_scale", 1) - (isHalf ? 0.5 : 0)).Unsqueeze(2);

        Value Counted(Value count) => graph.Emit("Range", [graph.Integer(0), count, graph.Integer(1)]).Cast(rois.Type);
    }

    /// <summary>The bins' means as a matrix over the axis: [R, P, size].</summary>
    internal Value Matrix()
    {
        var graph = Place.Graph;
        var elements = graph.Vector([.. Enumerable.Range(0, (int)Size).Select(i => (long)i)]).Cast(Place.Type);
        var near = (1 - (Inside.Unsqueeze(3) - elements).Abs()).Max(Place.Like(0));                 // linear between neighbours
        return near.Masked(Counts.And(IsNear).Unsqueeze(3)).Sum([2], keep: false) / Number;
    }

    /// <summary>The two elements around each sample, with their weights, and whether they count: [R, P, 2 S] each.</summary>
    internal (Value Places, Value Weights, Value Counts) Taps()
    {
        var before = Place.Graph.Emit("Floor", [Inside]);
        var after = (before + 1).Min(Place.Like(Size - 1));
        var share = (Inside - before).Masked(IsNear);
        return (Both(before, after).Cast(ElementType.Int64), Both((1 - (Inside - before)).Masked(IsNear), share), Operators.Concat([Counts, Counts], 2));

        static Value Both(Value a, Value b) => Operators.Concat([a, b], 2);
    }
}
