using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>Scaled dot-product attention and its gradient.</summary>
/// <remarks>
/// <c>perm</c>, its own inverse, is the order of the axes of Q, K, V and Y that puts [length, columns] last; <c>turn</c> exchanges the last two
/// axes. A packed tensor is [batch, length, 3, heads, columns]: Q, K and V side by side. The mask is added; a scalar 0 stands for none.
/// </remarks>
internal static class AttentionFunctions
{
    internal static readonly Function[] All =
    [
        // Vaswani et al. 2017: P = softmax(scale Q Kᵀ + mask), Y = P V
        Define("Attention", ["Q", "K", "V", "scale", "mask"], ["perm", "turn"], f =>
            [Ordered(Weights(Ordered(f[0]), Ordered(f[1]), f[3], f[4], Turned).MatMul(Ordered(f[2])))]),

        // dP = dY Vᵀ, dS = P (dP − Σ dP P):  dQ = scale dS K, dK = scale dSᵀ Q, dV = Pᵀ dY
        Define("AttentionGrad", ["dY", "Q", "K", "V", "scale", "mask"], ["perm", "turn"], f =>
            [.. Gradients(Ordered(f[0]), Ordered(f[1]), Ordered(f[2]), Ordered(f[3]), f[4], f[5], Turned).Select(Ordered)]),

        Define("PackedAttention", ["QKV", "scale", "mask"], [], f =>
        {
            var (q, k, v) = Parts(f[0]);
            return [Weights(q, k, f[1], f[2], FourTurned).MatMul(v).Transpose(0, 2, 1, 3)];
        }),

        Define("PackedAttentionGrad", ["dY", "QKV", "scale", "mask"], [], f =>
        {
            var (q, k, v) = Parts(f[1]);
            var gradients = Gradients(f[0].Transpose(0, 2, 1, 3), q, k, v, f[2], f[3], FourTurned);
            return [Operators.Concat([.. gradients.Select(g => g.Unsqueeze(0))], 0).Transpose(1, 3, 0, 2, 4)];
        }),
    ];

    private static Value Weights(Value q, Value k, Value scale, Value mask, Func<Value, Value> turned) =>
        q.Graph.Emit("Softmax", [q.MatMul(turned(k)) * scale + mask], ("axis", -1));

    private static Value[] Gradients(Value dY, Value q, Value k, Value v, Value scale, Value mask, Func<Value, Value> turned)
    {
        var p = Weights(q, k, scale, mask, turned);
        var dP = dY.MatMul(turned(v));
        var dS = p * (dP - (dP * p).Sum(q.Graph.Vector(-1), keep: true)) * scale;
        return [dS.MatMul(k), turned(dS).MatMul(q), turned(p).MatMul(dY)];
    }

    private static (Value Q, Value K, Value V) Parts(Value packed)
    {
        var graph = packed.Graph;
        var parts = graph.AddNode("Split", "", [packed.Transpose(2, 0, 3, 1, 4), graph.Vector(1, 1, 1)], [("axis", 0)], 3).Outputs;
        return (parts[0]!.Squeeze(0), parts[1]!.Squeeze(0), parts[2]!.Squeeze(0));
    }

    private static Value Ordered(Value x) => x.Graph.Emit("Transpose", [x], ("perm", IntsOf("perm")));

    private static Value Turned(Value x) => x.Graph.Emit("Transpose", [x], ("perm", IntsOf("turn")));

    private static Value FourTurned(Value x) => x.Transpose(0, 1, 3, 2);
}
