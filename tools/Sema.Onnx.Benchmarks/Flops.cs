using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Benchmarks;

/// <summary>Counts the multiplications and additions of a step's matrix products and convolutions: a bound on how fast it can be.</summary>
internal static class Flops
{
    /// <summary>Counts those of a training graph.</summary>
    /// <param name="path">The file.</param>
    internal static double Of(string path)
    {
        var model = ModelReader.Read(path);
        ArtifactBuilder.Annotate(model);
        return model.Graph.Nodes.Sum(Of);
    }

    private static double Of(Node node) => node.OpType switch
    {
        "MatMul" => 2.0 * Count(node.Output) * node[0].KnownShape[node[0].Rank - 1].Size,
        "Gemm" => 2.0 * Count(node.Output) * node[0].KnownShape[node.Int("transA", 0) == 0 ? 1 : 0].Size,
        "Conv" or "Convolution" => 2.0 * Count(node.Output) * Count(node[1]) / node[1].KnownShape[0].Size,
        "ConvTranspose" or "ConvInputGrad" or "ConvInputGradUnit" => 2.0 * Count(node[0]) * Count(node[1]) / node[1].KnownShape[0].Size,
        "LinearWeightGrad" or "LinearWeightGradTurned" => 2.0 * Count(node[0]) * node[1].KnownShape[1].Size,
        "Attention" => Attention(2, node[0], node[1], node),
        "AttentionGrad" => Attention(4, node[1], node[2], node),
        "PackedAttention" => 4.0 / 3 * Count(node[0]) * node[0].KnownShape[1].Size,
        "PackedAttentionGrad" => 8.0 / 3 * Count(node[1]) * node[1].KnownShape[1].Size,
        _ when node.OpType.StartsWith("ConvWeightGrad", StringComparison.Ordinal) => 2.0 * Count(node[1]) * Count(node.Output) / node.Output.KnownShape[0].Size,
        _ => 0,
    };

    // Two products forward, four backward, of queries by keys by columns; scores that are computed again do not count.
    private static double Attention(int products, Value q, Value k, Node node) => 2.0 * products * Count(q) * k.KnownShape[(int)node.Ints("perm")![^2]].Size;

    private static double Count(Value value) => value.KnownShape.Count;
}
