namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Every kernel that there is.</summary>
internal static class KernelTable
{
    /// <summary>Gets the kernels' definitions; each name is a function's of <c>com.sema</c>.</summary>
    internal static IEnumerable<KernelDefinition> All =>
    [
        ReluGrad.Definition, GeluGrad.Definition, GeluGrad.Tanh, SoftmaxGrad.Definition,
        Attention.Definition, Attention.Packed, Attention.Gradient, Attention.PackedGradient, LinearWeightGrad.Definition, LinearWeightGrad.Turned,
        Convolution.Forward, Convolution.InputGrad, ConvInputGrad.Definition, .. ConvWeightGrad.Definitions,
        BatchNormalizationTraining.Definition, BatchNormalizationTraining.Clipped,
        BatchNormalizationTrainingGrad.Definition, BatchNormalizationTrainingGrad.Clipped, BatchNormalizationTrainingGrad.Frozen,
        LayerNormalizationTraining.Definition, LayerNormalizationGrad.Definition,
        LstmTraining.Definition, LstmTrainingGrad.Definition, LstmRecurrenceGrad.Definition, LinearRecurrence.Definition,
        GruTraining.Definition, GruTrainingGrad.Definition, RnnTraining.Definition,
        GruRecurrenceGrad.Definition, GruLinearRecurrenceGrad.Definition, RnnRecurrenceGrad.Definition,
        CrossEntropy.Definition, CrossEntropyGrad.Definition, MaxPoolTraining.Definition, MaxPoolGrad.Definition, After.Definition,
    ];
}
