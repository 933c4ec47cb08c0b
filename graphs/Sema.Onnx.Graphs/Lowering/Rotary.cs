namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Rotary position embedding: pairs of a head's elements, turned by angles that grow with the position.</summary>
internal static class Rotary
{
    /// <summary>RotaryEmbedding of opset 23: x [B, N, S, H] or [B, S, N·H], tables by position or, without positions, by batch and position.</summary>
    internal static IReadOnlyList<Value?> Standard(Node y)
    {
        var (x, isFlat) = (y[0], y.RankOf(y[0]) == 3);
        var (cos, sin) = y.Optional(3) is { } positions ? (Rows(y[1], positions), Rows(y[2], positions)) : (Table(y[1]).Unsqueeze(1), Table(y[2]).Unsqueeze(1));
        var heads = isFlat ? y.Count("num_heads") : 1;
        return [Turned(y, x, isFlat, heads, cos, sin, y.Size(y[1], -1), y.Size(x, -1) / heads)];
    }

    /// <summary>com.microsoft.RotaryEmbedding: positions for each element, or the first one.</summary>
    internal static IReadOnlyList<Value?> Runtime(Node y)
    {
        y.Only("is_packed_batching", 0);
        y.Only("scale", 1f);
        var (x, isFlat) = (y[0], y.RankOf(y[0]) == 3);
        var positions = y.RankOf(y[1]) == 2 ? y[1] : (y[1].Reshape(-1) + x.Length(isFlat ? 1 : 2).Counted()).Unsqueeze(0);
        var half = y.Size(y[2], 1);
        var size = !isFlat ? y.Size(x, 3) : y.Int("rotary_embedding_dim", 0) == 0 ? 2 * half : y.Size(x, 2) / y.Count("num_heads");
        return [Turned(y, x, isFlat, isFlat ? y.Size(x, 2) / size : 1, Rows(y[2], positions), Rows(y[3], positions), half, size)];
    }

    /// <summary>The rows of a table [M, R/2] at positions [B, S], for all heads: [B, 1, S, R/2].</summary>
    internal static Value Rows(Value table, Value positions) => Table(table).Gather(positions, 0).Unsqueeze(1);

    /// <summary>Turns the pairs in the first elements of each head.</summary>
    /// <param name="x">[B, N, S, H].</param>
    /// <param name="cos">[B or 1, 1, S, R/2].</param>
    /// <param name="sin">The same.</param>
    /// <param name="dimension">R, how many elements are turned.</param>
    /// <param name="size">H.</param>
    /// <param name="interleaved">Whether a pair is two neighbours, or one of each half.</param>
    internal static Value Turned(Value x, Value cos, Value sin, long dimension, long size, bool interleaved)
    {
        var half = dimension / 2;
        var (a, b) = interleaved ? (x.Slice(3, 0, dimension, 2), x.Slice(3, 1, dimension, 2)) : (x.Slice(3, 0, half), x.Slice(3, half, dimension));
        Value[] turned = [a * cos - b * sin, a * sin + b * cos];
        var pairs = interleaved
            ? Operators.Concat([.. turned.Select(t => t.Unsqueeze(4))], 4).Reshape(0, 0, 0, -1)
            : Operators.Concat(turned, 3);
        return dimension == size ? pairs : Operators.Concat([pairs, x.Slice(3, dimension, size)], 3);
    }

    // Cosines and sines of the file are what they are, not weights.
    private static Value Table(Value table)
    {
        table.NoWeightBecause = "table of a rotary embedding";
        return table;
    }

    private static Value Turned(Node y, Value x, bool isFlat, long heads, Value cos, Value sin, long half, long size)
    {
        var turned = Turned(isFlat ? Heads.Apart(x, heads) : x, cos, sin, 2 * half, size, y.Int("interleaved", 0) != 0);
        return isFlat ? Heads.Together(turned) : turned;
    }
}
