using FsCheck;
using FsCheck.Fluent;
using static Sema.Onnx.Graphs.Autodiff.Operand;
using static Sema.Onnx.Graphs.Autodiff.Properties.Draw;

namespace Sema.Onnx.Graphs.Autodiff.Properties;

/// <summary>Normalisations; a wide epsilon keeps groups of one or two elements smooth.</summary>
internal static class NormalizationDomains
{
    private static readonly Attribute Wide = ("epsilon", 0.25f);

    internal static readonly Dictionary<string, Gen<GradientCase>> Table = new()
    {
        ["BatchNormalization"] = from dims in Shape(2, 4) let c = dims[1] select new GradientCase(F(dims), F(c), F(c), F(c).Constant(), F(c).In(0.5, 2).Constant()).With(Wide),
        ["LayerNormalization"] = from dims in Shape(1, 4)
                                 from axis in Axis(dims.Length)
                                 from biased in Bool()
                                 let normal = F(dims[(int)((axis + dims.Length) % dims.Length)..])
                                 select new GradientCase(biased ? [F(dims), normal, normal] : [F(dims), normal]).With(Wide, ("axis", axis)).Within(1e-6),
        ["InstanceNormalization"] = from dims in Shape(3, 4) select new GradientCase(F(dims), F(dims[1]), F(dims[1])).With(Wide).Float32(),
        ["GroupNormalization"] = from dims in Shape(3, 4)
                                 from groups in Long(1, 2)
                                 let c = groups * dims[1]
                                 select new GradientCase(F([dims[0], c, .. dims[2..]]), F(c), F(c)).With(Wide, ("num_groups", groups), ("stash_type", (long)ElementType.Float64)),
        ["LRN"] = from dims in Shape(4, 4) from size in OneOf(1L, 3L, 5L) select new GradientCase(F(dims)).With(("size", size), ("alpha", 0.5f), ("bias", 1.5f)).Float32(),
        ["MeanVarianceNormalization"] = from dims in Shape(4, 4).Where(d => d[0] * d[2] * d[3] >= 4) select new GradientCase(F(dims)).Float32(),
    };
}
