using FsCheck;
using FsCheck.Fluent;
using static Sema.Onnx.Graphs.Autodiff.Operand;
using static Sema.Onnx.Graphs.Autodiff.Properties.Draw;

namespace Sema.Onnx.Graphs.Autodiff.Properties;

/// <summary>The domain of each operator with a rule: forms to draw from at random.</summary>
internal static class RuleDomains
{
    private static readonly string[] Unary =
    [
        "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Cast", "CastLike", "Celu", "Clip", "Cos", "Cosh", "Dropout", "Elu", "Erf", "Exp", "Gelu", "HardSigmoid",
        "HardSwish", "Identity", "LeakyRelu", "Log", "Mish", "Neg", "OptionalGetElement", "Reciprocal", "Relu", "Selu", "Shrink", "Sigmoid", "Sin", "Sinh",
        "Softplus", "Softsign", "Sqrt", "Tan", "Tanh", "ThresholdedRelu",
    ];

    private static readonly string[] Binary = ["Add", "Div", "Mod", "Mul", "Pow", "Sub"];

    private static readonly string[] Variadic = ["Max", "Mean", "Min", "Sum"];

    private static readonly string[] OfOneAxis = ["LogSoftmax", "LpNormalization", "Softmax"];

    private static readonly string[] Reductions =
    [
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare",
    ];

    internal static readonly IReadOnlyDictionary<string, Gen<GradientCase>> Table = new[]
    {
        Of(Unary, c => from dims in Shape(0, 4) select Shaped(c, dims)),
        Of(Binary, c => from y in Shape(0, 4) from a in Narrowed(y) from b in Narrowed(y) select Shaped(c, a, b)),
        Of(Variadic, c => from y in Shape(1, 3)
                          from count in Gen.Choose(1, 4)
                          from inputs in Gen.ArrayOf(Narrowed(y), count)
                          select c with { Inputs = [.. inputs.Select((dims, i) => (i == 0 ? c.Inputs[0]! : F()) with { Dims = dims })] }),
        Of(OfOneAxis, c => from dims in Shape(1, 4) from axis in Axis(dims.Length) select Shaped(c, dims).With([.. c.Attributes.Where(a => a.Name != "axis"), ("axis", axis)]).Within(1e-8)),
        Of(Reductions, Reduced),
        ShapeDomains.Table, IndexDomains.Table, ProductDomains.Table, WindowDomains.Table, NormalizationDomains.Table,
    }.SelectMany(family => family).ToDictionary();

    /// <summary>Rules whose operands hang together too closely for a draw; their cases are written out one by one.</summary>
    internal static readonly string[] CasesOnly =
    [
        "AffineGrid", "Col2Im", "DeformConv", "GridSample", "MaxRoiPool", "MaxUnpool", "RoiAlign", "STFT", "Unique",
        "GRU", "If", "LSTM", "Loop", "RNN", "com.sema.GRUTraining", "com.sema.LSTMTraining", "com.sema.RNNTraining", "com.sema.LayerNormalizationTraining",
        "com.microsoft.Inverse", "com.sema.Attention", "com.sema.PackedAttention", "com.sema.LinearWeightGrad", "com.sema.LinearWeightGradTurned",
        "com.sema.BatchNormalizationClipTraining", "com.sema.BatchNormalizationTraining", "com.sema.ClipToGrid", "com.sema.CrossEntropy", "com.sema.FakeFloat8", "com.sema.FakeFloor", "com.sema.FakeQuantize",
    ];

    /// <summary>The first case of an operator, for its precision and where its operands are drawn.</summary>
    internal static GradientCase First(string op) => GradientCases.Of(op)[0];

    internal static GradientCase Shaped(GradientCase c, params long[][] dims) =>
        c with { Inputs = [.. c.Inputs.Select((x, i) => i < dims.Length ? x! with { Dims = dims[i] } : x)] };

    private static Dictionary<string, Gen<GradientCase>> Of(string[] operators, Func<GradientCase, Gen<GradientCase>> domain) =>
        operators.ToDictionary(op => op, op => domain(First(op)));

    // All axes, some, or none at all.
    private static Gen<GradientCase> Reduced(GradientCase c) =>
        from dims in Shape(1, 4)
        from axes in Axes(dims.Length)
        from all in Gen.Choose(0, 5)
        from keep in Flag()
        select (all == 0 ? c with { Inputs = [c.Inputs[0]! with { Dims = dims }] } : c with { Inputs = [c.Inputs[0]! with { Dims = dims }, I(axes)] })
            .With(("keepdims", keep), ("noop_with_empty_axes", 0L));
}
