using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification.Synthesis;

[TestClass]
public sealed class MapSizesTests
{
    // An image of 256 x 384 becomes one of 64 x 96.
    private static readonly MapSizes Sizes = new((64, 256), (96, 384));

    [TestMethod]
    [DataRow(new long[] { 1, 3, 85, 32, 48 }, new long[] { 1, 3, 85, 8, 12 }, DisplayName = "a map")]
    [DataRow(new long[] { 1, 128, 192, 4 }, new long[] { 1, 32, 48, 4 }, DisplayName = "a map, channels last")]
    [DataRow(new long[] { 1, 4608, 85 }, new long[] { 1, -1, 85 }, DisplayName = "three boxes on each place")]
    [DataRow(new long[] { 1, 4096, 96 }, new long[] { 1, 4096, -1 }, DisplayName = "the places of a map of stride 32, below more channels")]
    [DataRow(new long[] { 1, 500 }, new long[] { 1, -1 }, DisplayName = "no map")]
    [DataRow(new long[] { 1, 144, -1 }, new long[] { 1, 144, -1 }, DisplayName = "a size that is left open")]
    public void A_reshape_gets_the_sizes_of_the_smaller_maps(long[] target, long[] fitted)
    {
        var graph = new Graph("reshape");
        graph.Emit("Reshape", [graph.AddInput("x", ElementType.Float32, null), graph.Vector(target)]);

        Sizes.FitConstants(graph);

        CollectionAssert.AreEqual(fitted, graph.Nodes.Single().Inputs[1]!.Initializer!.ToInt64());
    }

    [TestMethod]
    [DataRow(new long[] { 1, 32, 48, 2 }, new long[] { 1, 8, 12, 2 }, 0.5f, DisplayName = "a grid")]
    [DataRow(new long[] { 1, 2, 2016 }, new long[] { 1, 2, 126 }, 0.5f, DisplayName = "the places of three maps")]
    [DataRow(new long[] { 1, 32, 48, 2 }, new long[] { 1, 32, 48, 2 }, 0.3f, DisplayName = "weights")]
    [DataRow(new long[] { 1, 2, 3, 3 }, new long[] { 1, 2, 3, 3 }, 0.5f, DisplayName = "no size of a map")]
    public void A_grid_is_cut_to_the_smaller_map(long[] declared, long[] fitted, float step)
    {
        var graph = new Graph("grid");
        var elements = Enumerable.Range(0, (int)declared.Aggregate((a, b) => a * b)).Select(i => step * i).ToArray();
        graph.Emit("Add", [graph.AddInput("x", ElementType.Float32, null), graph.AddInitializer("grid", Tensor.Floats(declared, elements))]);

        Sizes.FitConstants(graph);

        var grid = graph.Nodes.Single().Inputs[1]!.Initializer!;
        CollectionAssert.AreEqual(fitted, grid.Dims.ToArray());
        Assert.AreEqual(At(fitted.Select(size => size - 1)), grid.ToFloat32()[^1]);

        // The element at a place of the declared grid.
        float At(IEnumerable<long> place) => step * place.Zip(declared).Aggregate(0L, (at, axis) => at * axis.Second + axis.First);
    }
}
