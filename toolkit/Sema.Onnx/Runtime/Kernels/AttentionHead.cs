using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Attention of one head, by blocks of queries: the scores of a block by all keys stay in a core's cache, and no more of them exists.</summary>
/// <remarks>
/// S = scale Q Kᵀ + mask, P = softmax(S), Y = P V. With dP = dY Vᵀ and dS = P (dP − Σ dP P):
/// dV = Pᵀ dY, dQ = scale dS K, dK = scale dSᵀ Q. The gradient computes P again.
/// </remarks>
/// <param name="q">Queries.</param>
/// <param name="k">Keys.</param>
/// <param name="v">Values.</param>
/// <param name="mask">What is added to the scores, or nothing.</param>
/// <param name="scale">What the products are multiplied by.</param>
internal sealed unsafe class AttentionHead(MatrixView q, MatrixView k, MatrixView v, MatrixView mask, float scale)
{
    // The scores that are worked on at a time, in floats.
    private const int Scores = 1 << 15;

    private readonly int _keys = GemmTile.Whole(k.Rows, GemmTile.Vector), _depth = GemmTile.Whole(q.Columns, GemmTile.Vector), _values = GemmTile.Whole(v.Columns, GemmTile.Vector);

    private int Block => Math.Clamp((Scores / Math.Max(_keys, 1)) & -GemmTile.Rows, GemmTile.Rows, 128);

    /// <summary>Computes Y of one head.</summary>
    internal void Forward(int head, MatrixView y)
    {
        var block = Math.Min(Block, GemmTile.Whole(q.Rows, GemmTile.Rows));
        var keys = Scratch.Floats(ScratchUse.Columns, ((long)q.Columns * _keys) + ((long)k.Rows * _values) + ((long)block * (_depth + _keys + _values)));
        var values = keys + ((long)q.Columns * _keys);
        var queries = values + ((long)k.Rows * _values);
        var weights = queries + ((long)block * _depth);
        var tile = weights + ((long)block * _keys);
        Turn(k, head, keys, _keys);
        Copy(v.At(head), v.RowStride, k.Rows, v.Columns, values, _values, 1);
        for (var row = 0; row < q.Rows; row += block)
        {
            var count = Math.Min(block, q.Rows - row);
            Weights(head, row, count, queries, keys, weights);
            GemmTile.Product(weights, _keys, 1, values, _values, k.Rows, tile, _values, GemmTile.Whole(count, GemmTile.Rows), _values, add: false);
            Copy(tile, _values, count, v.Columns, y.At(head) + (row * y.RowStride), y.RowStride, 1);
        }
    }

    /// <summary>Computes the gradients of one head; those of keys and values may be left out.</summary>
    internal void Backward(int head, MatrixView dY, MatrixView dQ, MatrixView dK, MatrixView dV)
    {
        var block = Math.Min(Block, GemmTile.Whole(q.Rows, GemmTile.Rows));
        var rows = (long)GemmTile.Whole(k.Rows, GemmTile.Rows);
        var keys = Scratch.Floats(ScratchUse.Columns,
            ((long)(q.Columns + v.Columns) * _keys) + (rows * ((2 * _depth) + _values)) + ((long)block * ((2 * _depth) + (2 * _keys) + _values)));
        var values = keys + ((long)q.Columns * _keys);
        var keyRows = values + ((long)v.Columns * _keys);
        var keySums = keyRows + (rows * _depth);
        var valueSums = keySums + (rows * _depth);
        var queries = valueSums + (rows * _values);
        var tile = queries + ((long)block * _depth);
        var weights = tile + ((long)block * _depth);
        var scores = weights + ((long)block * _keys);
        var given = scores + ((long)block * _keys);
        Turn(k, head, keys, _keys);
        Turn(v, head, values, _keys);
        Copy(k.At(head), k.RowStride, k.Rows, k.Columns, keyRows, _depth, scale);
        new Span<float>(keySums, (int)(rows * (_depth + _values))).Clear();
        for (var row = 0; row < q.Rows; row += block)
        {
            var count = Math.Min(block, q.Rows - row);
            var tiles = GemmTile.Whole(count, GemmTile.Rows);
            Weights(head, row, count, queries, keys, weights);
            Copy(dY.At(head) + (row * dY.RowStride), dY.RowStride, count, v.Columns, given, _values, 1);
            new Span<float>(given + ((long)count * _values), (tiles - count) * _values).Clear();
            GemmTile.Product(weights, 1, _keys, given, _values, count, valueSums, _values, (int)rows, _values, add: true);
            GemmTile.Product(given, _values, 1, values, _keys, v.Columns, scores, _keys, tiles, _keys, add: false);
            for (var i = 0; i < count; i++)
                SoftmaxGrad.Row(scores + ((long)i * _keys), weights + ((long)i * _keys), scores + ((long)i * _keys), k.Rows);
            GemmTile.Product(scores, 1, _keys, queries, _depth, count, keySums, _depth, (int)rows, _depth, add: true);
            GemmTile.Product(scores, _keys, 1, keyRows, _depth, k.Rows, tile, _depth, tiles, _depth, add: false);
            Copy(tile, _depth, count, q.Columns, dQ.At(head) + (row * dQ.RowStride), dQ.RowStride, 1);
        }

        if (!dK.IsNull)
            Copy(keySums, _depth, k.Rows, k.Columns, dK.At(head), dK.RowStride, 1);
        if (!dV.IsNull)
            Copy(valueSums, _values, k.Rows, v.Columns, dV.At(head), dV.RowStride, 1);
    }

    // P of some queries, and the queries themselves, scaled, with rows of zeros up to a whole tile.
    private void Weights(int head, int row, int count, float* queries, float* keys, float* weights)
    {
        var tiles = GemmTile.Whole(count, GemmTile.Rows);
        Copy(q.At(head) + (row * q.RowStride), q.RowStride, count, q.Columns, queries, _depth, scale);
        new Span<float>(queries + ((long)count * _depth), (tiles - count) * _depth).Clear();
        GemmTile.Product(queries, _depth, 1, keys, _keys, q.Columns, weights, _keys, tiles, _keys, add: false);
        if (!mask.IsNull)
            RowSoftmax.Add(weights, _keys, count, k.Rows, mask.At(head) + (row * mask.RowStride), mask.RowStride, mask.ColumnStride);
        RowSoftmax.Run(weights, _keys, count, k.Rows);
    }

    // [rows, columns] as [columns, rows], with zeros up to a whole vector.
    private static void Turn(MatrixView x, int head, float* to, int stride)
    {
        Transposition.Run(x.At(head), (nint)x.RowStride, x.Rows, x.Columns, to, stride);
        for (var column = 0; column < x.Columns; column++)
            new Span<float>(to + ((long)column * stride) + x.Rows, stride - x.Rows).Clear();
    }

    private static void Copy(float* from, long fromStride, int rows, int columns, float* to, long toStride, float factor)
    {
        var scale = Vector512.Create(factor);
        for (var row = 0; row < rows; row++, from += fromStride, to += toStride)
        {
            for (var i = 0; i < columns; i += GemmTile.Vector)
                Lanes.Store(Lanes.Load(from + i, columns - i) * scale, to + i, columns - i);
        }
    }
}
