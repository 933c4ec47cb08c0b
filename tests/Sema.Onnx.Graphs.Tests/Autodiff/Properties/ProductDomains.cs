using FsCheck;
using FsCheck.Fluent;
using static Sema.Onnx.Graphs.Autodiff.Operand;
using static Sema.Onnx.Graphs.Autodiff.Properties.Draw;

namespace Sema.Onnx.Graphs.Autodiff.Properties;

/// <summary>Products of matrices, determinants, Fourier transforms.</summary>
internal static class ProductDomains
{
    private static readonly string[] Equations =
    [
        "ij,jk->ik", "bij,bjk->bik", "bhid,bhjd->bhij", "ij,jk", "ij->ji", "i,j->ij", "ij,ij->ij", "ij,ij->", "ij,jk,kl->il", "bi,bj,ij->b", "abc,cd->abd",
    ];

    internal static readonly Dictionary<string, Gen<GradientCase>> Table = new()
    {
        ["MatMul"] = from batch in Shape(0, 2)
                     from a in Narrowed(batch)
                     from b in Narrowed(batch)
                     from core in Longs(3, 1, 3)
                     from vectors in Gen.Choose(0, 5)
                     select vectors == 0 ? new GradientCase(F(core[1]), F([.. b, core[1], core[2]])) : vectors == 1 ? new(F([.. a, core[0], core[1]]), F(core[1]))
                         : new(F([.. a, core[0], core[1]]), F([.. b, core[1], core[2]])),
        ["Gemm"] = from core in Longs(3, 1, 4)
                   from a in Flag()
                   from b in Flag()
                   from c in Narrowed([core[0], core[2]])
                   from alpha in OneOf(1f, 0.5f, -2f)
                   from beta in OneOf(1f, 0.25f)
                   select new GradientCase(F(a == 0 ? [core[0], core[1]] : [core[1], core[0]]), F(b == 0 ? [core[1], core[2]] : [core[2], core[1]]), F(c))
                       .With(("transA", a), ("transB", b), ("alpha", alpha), ("beta", beta)),
        ["Einsum"] = from equation in OneOf(Equations)
                     from sizes in Longs(26, 1, 3)
                     select new GradientCase([.. equation.Split("->")[0].Split(',').Select(letters => F([.. letters.Select(c => sizes[c - 'a'])]))]).With(("equation", equation)),
        ["Det"] = from batch in Shape(0, 1) from n in Long(1, 4) select (RuleDomains.First("Det") with { Inputs = [F([.. batch, n, n])] }).Sized(),
        ["DFT"] = from dims in Shape(2, 3)
                  from axis in Long(0, dims.Length - 1)
                  from length in Long(1, 7)
                  from parts in Long(1, 2)
                  from form in Gen.Choose(0, 2)
                  select new GradientCase(F([.. dims, form == 2 ? 1 : parts]), new Operand { Fixed = Tensor.Scalar(length), IsConstant = true }, new Operand { Fixed = Tensor.Scalar(axis), IsConstant = true })
                      .With(("inverse", form == 1 ? 1L : 0), ("onesided", form == 2 ? 1L : 0)).Within(1e-6).Sized(Known.All),
    };
}
