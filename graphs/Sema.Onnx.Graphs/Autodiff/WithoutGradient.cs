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

    /// <summary>Operators that a gradient could pass, but for which there is no rule: on the way from a weight to the loss they are an error.</summary>
    internal static readonly (string Reason, string[] Operators)[] Refused =
    [
        ("the result is no tensor; OptionalGetElement of a tensor has a gradient", ["Optional"]),
        ("sequences", ["ConcatFromSequence", "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceLength", "SequenceMap", "SplitToSequence"]),
    ];

    /// <summary>Operators that passes write in others before anything is differentiated.</summary>
    internal static readonly (string Reason, string[] Operators)[] Rewritten =
    [
        ("as a Loop", ["Scan"]),
        ("as what it stands for in floats, straight through the rounding", ["ConvInteger", "DequantizeLinear", "DynamicQuantizeLinear", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QuantizeLinear"]),
    ];
}
