using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>A constant matrix that makes each element along one axis of the output from those along the same axis of the input.</summary>
/// <param name="Axis">The axis.</param>
/// <param name="Rows">The output's size along it.</param>
/// <param name="Columns">The input's size along it.</param>
/// <param name="Reads">The places that an output element reads, with their weights; no place is outside the input, and one read twice counts twice.</param>
internal sealed record AxisMatrix(int Axis, long Rows, long Columns, Func<long, IEnumerable<(long Place, double Weight)>> Reads)
{
    private const long MostElements = 1 << 24;

    /// <summary>Gets whether the matrix is so large that it cannot stand in a file.</summary>
    internal bool IsTooLarge => Rows * Columns > MostElements;

    /// <summary>y along the axis: M x.</summary>
    internal Value Apply(Value x, int rank) => Along(x, rank, transposed: false);

    /// <summary>x's gradient from y's: Mᵀ dY.</summary>
    internal Value Pull(Value dY, int rank) => Along(dY, rank, transposed: true);

    // A product takes the last axis but one from the left, the last one from the right; any other is exchanged with the last.
    private Value Along(Value value, int rank, bool transposed)
    {
        var matrix = Constant(value.Graph, value.Type, transposed ^ (Axis != rank - 2));
        if (Axis == rank - 2)
            return matrix.MatMul(value);
        if (Axis == rank - 1)
            return value.MatMul(matrix);
        long[] exchanged = [.. Enumerable.Range(0, rank).Select(i => (long)(i == Axis ? rank - 1 : i == rank - 1 ? Axis : i))];
        return value.Transpose(exchanged).MatMul(matrix).Transpose(exchanged);
    }

    private Value Constant(Graph graph, ElementType type, bool turned)
    {
        var elements = new double[Rows * Columns];
        for (var row = 0L; row < Rows; row++)
        {
            foreach (var (place, weight) in Reads(row))
                elements[turned ? place * Rows + row : row * Columns + place] += weight;
        }

        long[] dims = turned ? [Columns, Rows] : [Rows, Columns];
        var tensor = type == ElementType.Float64 ? new(type, dims, MemoryMarshal.AsBytes<double>(elements).ToArray())
            : Tensor.Floats(dims, Array.ConvertAll(elements, e => (float)e));
        var matrix = graph.AddInitializer(graph.UniqueName("along_axis"), tensor);
        return tensor.Type == type ? matrix : matrix.Cast(type);
    }
}
