using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class SlicesToSplitTests
{
    private readonly Graph _graph = new("test");
    private readonly Value _x;

    public SlicesToSplitTests() => _x = _graph.AddInput("x", ElementType.Float32, Shape.Of(2, 6));

    // Columns 0 to 1, 4 to the end, 2 and 3: joined in the order in which they are read.
    [TestMethod]
    public void Pieces_of_the_whole_become_one_split_in_their_order()
    {
        Value a = _x.Slice(1, 0, 2), b = _x.Slice(-1, -2, long.MaxValue), c = _x.Slice(1, 2, 4);
        var y = Operators.Concat([a, b, c], 1);
        _graph.Rename(y, "y");
        _graph.Outputs.Add(y);

        Assert.IsTrue(SlicesToSplit.Run(_graph));
        Assert.IsFalse(SlicesToSplit.Run(_graph));

        Assert.AreEqual("Split, Concat", string.Join(", ", _graph.Nodes.Select(n => n.OpType)));
        double[] x = [.. Enumerable.Range(0, 12).Select(i => (double)i)];
        var found = OnnxRunner.Run(_graph, new Dictionary<string, Tensor> { ["x"] = GradientCheck.TensorOf(ElementType.Float32, [2, 6], x) })["y"].ToFloat64();
        CollectionAssert.AreEqual((double[])[0, 1, 4, 5, 2, 3, 6, 7, 10, 11, 8, 9], found);
    }

    [TestMethod]
    [DataRow(0, 2, 2, 5, 1)]   // the last column is in no piece
    [DataRow(0, 3, 2, 6, 1)]   // column 2 is in both
    [DataRow(0, 3, 3, 6, 2)]   // with gaps
    [DataRow(1, 3, 3, 6, 1)]   // the first column is in no piece
    public void Other_slices_stay(int start, int end, int secondStart, int secondEnd, int step)
    {
        _graph.Outputs.AddRange([_x.Slice(1, start, end), _x.Slice(1, secondStart, secondEnd, step)]);

        Assert.IsFalse(SlicesToSplit.Run(_graph));
        Assert.AreEqual("Slice, Slice", string.Join(", ", _graph.Nodes.Select(n => n.OpType)));
    }
}
