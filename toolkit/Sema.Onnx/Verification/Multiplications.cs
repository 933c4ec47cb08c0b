using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification;

/// <summary>Counts the multiplications of a graph's products and convolutions, which are most of a large network's time.</summary>
internal static class Multiplications
{
    /// <summary>Counts.</summary>
    /// <param name="graph">The graph; where sizes are not known, and inside bodies, nothing counts.</param>
    internal static double Of(Graph graph) => graph.Nodes.Sum(Of);

    private static double Of(Node node) => (node.OpType, node.Optional(0)?.Shape, node.Optional(1)?.Shape, node.Outputs[0]?.Shape) switch
    {
        ("MatMul" or "Gemm", { IsStatic: true, Rank: > 0 } a, _, { IsStatic: true } y) => Count(y) * a[node.Int("transA", 0) == 1 ? 0 : a.Rank - 1].Size,
        ("Conv", _, { IsStatic: true, Rank: > 0 } w, { IsStatic: true } y) => Count(y) * Kernel(w),
        ("ConvTranspose", { IsStatic: true } x, { IsStatic: true, Rank: > 0 } w, _) => Count(x) * Kernel(w),
        _ => 0,
    };

    // What each element of the convolved side takes part in.
    private static double Kernel(Shape w) => w.Skip(1).Aggregate(1.0, (n, d) => n * d.Size);

    private static double Count(Shape shape) => shape.Aggregate(1.0, (n, d) => n * d.Size);
}
