using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Attention: scale and mask are constants, where a pass put it.</summary>
internal static class AttentionRules
{
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        ["com.sema.Attention"] = Joint((y, dYs) => y.Graph.CallAll("AttentionGrad", [dYs[0], .. y.Inputs], 3, y.Attributes), differentiable: 3),
        ["com.sema.PackedAttention"] = Joint((y, dYs) => y.Graph.CallAll("PackedAttentionGrad", [dYs[0], .. y.Inputs], 1), differentiable: 1),
    };
}
