using Sema.Onnx.Graphs.TensorSequences;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>The standard's operators that have no gradient, and why.</summary>
internal static class WithoutGradient
{
    /// <summary>Operators through which nothing can be learned: their results do not move with their inputs, or are no numbers.</summary>
    internal static readonly (string Reason, string[] Operators)[] Flat =
    [
        ("conditions", ["And", "Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Not", "OptionalHasElement", "Or", "Xor"]),
        ("places, sizes and bits", ["ArgMax", "ArgMin", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "NonMaxSuppression", "NonZero", "Shape", "Size"]),
        ("steps: flat almost everywhere", ["Ceil", "Floor", "Hardmax", "Round", "Sign"]),
        ("the same whatever the weights are", ["BlackmanWindow", "Constant", "ConstantOfShape", "EyeLike", "HammingWindow", "HannWindow", "MelWeightMatrix", "Range"]),
        ("random draws", ["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"]),
        ("texts and files", ["ImageDecoder", "RegexFullMatch", "StringConcat", "StringNormalizer", "StringSplit", "TfIdfVectorizer"]),
    ];

    /// <summary>Operators that passes write in others before anything is differentiated.</summary>
    internal static readonly (string Reason, string[] Operators)[] Rewritten =
    [
        ("as a Loop", ["Scan"]),
        ("as operators on the tensors that they hold", SequenceOperators.Rewritten),
        ("as what it stands for in floats, straight through the rounding", ["ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QuantizeLinear"]),
    ];
}
