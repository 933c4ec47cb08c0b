using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification;

[TestClass]
public sealed class MultiplicationsTests
{
    [TestMethod]
    [DataRow("Conv", 1 * 6 * 5 * 5 * (2 * 3 * 3))]
    [DataRow("ConvTranspose", 1 * 2 * 7 * 7 * (6 * 3 * 3))]
    [DataRow("MatMul", 4 * 6 * 5)]
    [DataRow("Gemm", 4 * 6 * 5)]
    [DataRow("Add", 0)]
    public void They_are_those_of_the_definition(string op, double expected)
    {
        var graph = new Graph("products");
        Value Of(params long[] sizes) => graph.AddInput(graph.UniqueName("x"), ElementType.Float32, Shape.Of(sizes));
        var (y, sizes) = op switch
        {
            "Conv" => (graph.Emit(op, [Of(1, 2, 7, 7), Of(6, 2, 3, 3)]), Shape.Of(1, 6, 5, 5)),
            "ConvTranspose" => (graph.Emit(op, [Of(1, 2, 7, 7), Of(2, 6, 3, 3)]), Shape.Of(1, 6, 9, 9)),
            "MatMul" => (graph.Emit(op, [Of(4, 5), Of(5, 6)]), Shape.Of(4, 6)),
            "Gemm" => (graph.Emit(op, [Of(5, 4), Of(5, 6)], ("transA", 1L)), Shape.Of(4, 6)),
            _ => (graph.Emit(op, [Of(4, 6), Of(4, 6)]), Shape.Of(4, 6)),
        };
        y.Shape = sizes;

        Assert.AreEqual(expected, Multiplications.Of(graph));
    }
}
