using FsCheck;
using FsCheck.Fluent;
using static Sema.Onnx.Graphs.Autodiff.Operand;
using static Sema.Onnx.Graphs.Autodiff.Properties.Draw;

namespace Sema.Onnx.Graphs.Autodiff.Properties;

/// <summary>Look-ups, choices and losses.</summary>
internal static class IndexDomains
{
    internal static readonly Dictionary<string, Gen<GradientCase>> Table = new()
    {
        ["Gather"] = from dims in Shape(1, 3)
                     from axis in Axis(dims.Length)
                     from at in Shape(0, 2)
                     from ids in Places(Product(at), At(dims, axis))
                     from constant in Bool()
                     select new GradientCase(F(dims), Ids(at, ids) with { IsConstant = constant }).With(("axis", axis)),
        ["GatherElements"] = from dims in Shape(1, 3)
                             from axis in Axis(dims.Length)
                             from count in Long(1, 4)
                             let at = Changed(dims, axis, count)
                             from ids in Places(Product(at), At(dims, axis))
                             select new GradientCase(F(dims), Ids(at, ids)).With(("axis", axis)),
        ["GatherND"] = from dims in Shape(1, 3)
                       from depth in Gen.Choose(1, dims.Length)
                       from count in Long(1, 4)
                       from ids in Longs((int)count * depth, 0, 99)
                       select new GradientCase(F(dims), Ids([count, depth], [.. ids.Select((n, i) => n % dims[i % depth])])).Sized(),
        ["ScatterElements"] = from dims in Shape(1, 3)
                              from axis in Axis(dims.Length)
                              let size = At(dims, axis)
                              from count in Long(1, size)
                              let at = Changed(dims, axis, count)
                              from shift in Long(0, size - 1)
                              from adds in Bool()
                              let along = Product(dims.Skip((int)((axis + dims.Length) % dims.Length) + 1))
                              select new GradientCase(F(dims), Ids(at, [.. Enumerable.Range(0, (int)Product(at)).Select(i => ((i / along % count) + shift) % size)]), F(at))
                                  .With(("axis", axis), ("reduction", adds ? "add" : "none")),
        ["ScatterND"] = from dims in Shape(1, 3)
                        from order in Gen.Shuffle(Enumerable.Range(0, (int)dims[0]))
                        from count in Gen.Choose(1, (int)dims[0])
                        from adds in Bool()
                        select new GradientCase(F(dims), Ids([count, 1], [.. order.Take(count).Select(i => (long)i)]), F([count, .. dims[1..]]))
                            .With(("reduction", adds ? "add" : "none")),
        ["TopK"] = from dims in Shape(1, 3)
                   from axis in Axis(dims.Length)
                   from k in Long(1, At(dims, axis))
                   from largest in Flag()
                   select new GradientCase(F(dims).Spread(), I(k)).Making(2, ..1).With(("axis", axis), ("largest", largest)),
        ["Compress"] = from dims in Shape(1, 3)
                       from axis in Axis(dims.Length)
                       from kept in Gen.ArrayOf(Gen.Choose(0, 1), (int)At(dims, axis)).Where(k => k.Contains(1))
                       select new GradientCase(F(dims), B([kept.Length], [.. kept.Select(k => (byte)k)])).With(("axis", axis)),
        ["ReverseSequence"] = from dims in Shape(2, 3) from lengths in Longs((int)dims[1], 1, dims[0]) select new GradientCase(F(dims), Ids([dims[1]], lengths)),
        ["OneHot"] = from at in Shape(1, 2)
                     from axis in Axis(at.Length + 1)
                     from ids in Longs((int)Product(at), -4, 4)
                     select new GradientCase(Ids(at, ids), I(3), F(2)).Linear32().With(("axis", axis)),
        ["Where"] = from y in Shape(0, 3)
                    from condition in Narrowed(y)
                    from a in Narrowed(y)
                    from b in Narrowed(y)
                    from bits in Gen.ArrayOf(Gen.Choose(0, 1), (int)Product(condition))
                    select new GradientCase(B(condition, [.. bits.Select(bit => (byte)bit)]), F(a), F(b)),
        ["PRelu"] = from dims in Shape(1, 4) from slope in Narrowed(dims) select RuleDomains.Shaped(RuleDomains.First("PRelu"), dims, slope),
        ["NegativeLogLikelihoodLoss"] = Loss(),
        ["SoftmaxCrossEntropyLoss"] = from c in Loss() from outputs in Gen.Choose(1, 2) select c.Making(outputs),
    };

    private static Gen<GradientCase> Loss() =>
        from batch in Long(1, 3)
        from classes in Long(2, 4)
        from rest in Shape(0, 2).Where(r => Product(r) <= 3)
        from targets in Longs((int)(batch * Product(rest)), 0, classes - 1).Where(t => t[0] == 0)
        from weighted in Bool()
        from ignored in Long(-1, classes - 1).Where(i => i != 0)
        from reduction in OneOf("none", "sum", "mean")
        let target = Ids([batch, .. rest], targets)
        select new GradientCase(weighted ? [F([batch, classes, .. rest]), target, F(classes).In(0.5, 2).Constant()] : [F([batch, classes, .. rest]), target])
            .With(("reduction", reduction), ("ignore_index", ignored));

    private static long At(long[] dims, long axis) => dims[(axis + dims.Length) % dims.Length];

    private static long[] Changed(long[] dims, long axis, long size) => [.. dims.Select((d, i) => i == (axis + dims.Length) % dims.Length ? size : d)];
}
