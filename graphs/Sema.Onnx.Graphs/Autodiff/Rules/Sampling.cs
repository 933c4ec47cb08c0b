using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Images read at places of a grid, and such grids.</summary>
internal static class Sampling
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // y = op(x, grid)    ∂L/∂x                              ∂L/∂grid
        ["GridSample"] = Of([(y, dY) => GridTaps.Of(y).ToImage(dY), (y, dY) => GridTaps.Of(y).ToGrid(dY)]).When(GridTaps.Knows),   // 0 for the nearest
        ["AffineGrid"] = Of([AffineGrid]).When(y => y[0].Shape is { Rank: 3 } shape && shape[1].IsKnown),
    };
#pragma warning restore format

    // Y[n, p] = θₙ [xₚ; 1]:  dθₙ = Σₚ dY[n, p] [xₚ; 1]ᵀ, the places xₚ being the grid of the identity
    private static Value AffineGrid(Node y, Value dY)
    {
        var (graph, rank) = (y.Graph, y[0].KnownShape[1].Size);
        var elements = new float[rank * (rank + 1)];
        for (var i = 0; i < rank; i++)
            elements[i * (rank + 1) + i] = 1;
        var identity = graph.AddInitializer(graph.UniqueName("identity"), Tensor.Floats([rank, rank + 1], elements)).Cast(dY.Type);
        var places = graph.Emit("AffineGrid", [identity.Expand(y[0].ShapeVector()), y[1]], y.Attributes).Reshape(0, -1, rank);
        var byAxis = dY.Reshape(0, -1, rank).Transpose(0, 2, 1);
        return Operators.Concat([byAxis.MatMul(places), byAxis.Sum([2], keep: true)], 2);
    }
}
