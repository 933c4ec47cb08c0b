using FsCheck;
using FsCheck.Fluent;
using static Sema.Onnx.Graphs.Autodiff.Operand;

namespace Sema.Onnx.Graphs.Autodiff.Properties;

/// <summary>What domains are made of: sizes, shapes that broadcast, axes.</summary>
internal static class Draw
{
    // Differences are taken by every element, so tensors are small.
    private const long MostElements = 36;

    internal static Gen<long> Long(long low, long high) => Gen.Choose((int)low, (int)high).Select(n => (long)n);

    internal static Gen<bool> Bool() => Gen.Choose(0, 1).Select(n => n == 1);

    internal static Gen<long> Flag() => Long(0, 1);

    internal static Gen<T> OneOf<T>(params T[] choices) => Gen.Elements(choices);

    internal static Gen<long[]> Longs(int count, long low, long high) => Gen.ArrayOf(Long(low, high), count);

    /// <summary>Sizes from 1 to 4, not too many elements.</summary>
    internal static Gen<long[]> Shape(int leastRank, int mostRank) => from rank in Gen.Choose(leastRank, mostRank)
                                                                      from dims in Longs(rank, 1, 4).Where(d => Product(d) <= MostElements)
                                                                      select dims;

    /// <summary>A shape that broadcasts to another: leading axes gone, some of the others 1.</summary>
    internal static Gen<long[]> Narrowed(long[] dims) => from lost in Gen.Choose(0, dims.Length)
                                                         from ones in Gen.ArrayOf(Gen.Choose(0, 3), dims.Length)
                                                         select dims.Select((d, i) => ones[i] == 0 ? 1 : d).Skip(lost > 2 ? lost - 2 : 0).ToArray();

    internal static Gen<long> Axis(int rank) => Long(-rank, rank - 1);

    /// <summary>Some of the axes, in any order, counted from either end.</summary>
    internal static Gen<long[]> Axes(int rank) => from order in Gen.Shuffle(Enumerable.Range(0, rank))
                                                  from count in Gen.Choose(Math.Min(1, rank), rank)
                                                  from turned in Gen.ArrayOf(Bool(), rank)
                                                  select order.Take(count).Select(a => turned[a] ? a - rank : (long)a).ToArray();

    /// <summary>Places along an axis, counted from either end.</summary>
    internal static Gen<long[]> Places(long count, long size) => Longs((int)count, -size, size - 1);

    internal static long Product(IEnumerable<long> dims) => dims.Aggregate(1L, (n, d) => n * d);

    internal static Operand Ints(params long[] elements) => I(elements);
}
