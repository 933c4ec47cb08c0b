namespace Sema.Onnx.Graphs.Lowering;

/// <summary>The forms in which ONNX Runtime's attention is told which keys are padding.</summary>
internal static class PaddingMask
{
    /// <summary>Which keys count: bool, of a shape that is spread to [B, N, S, T].</summary>
    /// <param name="y">The node.</param>
    /// <param name="mask">
    /// int32: the end of each row [B]; ends, then starts [2·B]; ends, then other things [3·B + 2]; 1 for each key that counts, [B, T] or [B, S, T].
    /// </param>
    /// <param name="batch">B.</param>
    /// <param name="keys">T.</param>
    internal static Value Counting(Node y, Value mask, long batch, Value keys)
    {
        var zero = mask.Graph.Integer(0);
        return y.RankOf(mask) switch
        {
            1 => Between(),
            2 => mask.Cast(ElementType.Int64).Greater(zero).Unsqueeze(1, 2),
            3 => mask.Cast(ElementType.Int64).Greater(zero).Unsqueeze(1),
            var rank => throw y.Refused($"a mask of rank {rank} ('{mask.Name}') is not supported"),
        };

        Value Between()
        {
            var (places, size) = (keys.Counted(), y.Size(mask, 0));
            var inside = places.Less(Column(0));
            if (size == 2 * batch)
                inside = inside.And(places.GreaterOrEqual(Column(batch)));
            else if (size != batch && size != 3 * batch + 2)
                throw y.Refused($"a mask of {size} elements ('{mask.Name}') for a batch of {batch} is not supported");
            return inside;
        }

        Value Column(long from) => mask.Cast(ElementType.Int64).Slice(0, from, from + batch).Reshape(-1, 1, 1, 1);
    }
}
