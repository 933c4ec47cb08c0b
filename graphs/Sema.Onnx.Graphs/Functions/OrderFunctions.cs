using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>What says when something is computed, not what.</summary>
internal static class OrderFunctions
{
    internal static readonly Function[] All =
    [
        // Y = X, but not before dY is there. The shape is X's own; that an element of dY is not above and below 0 at once is nothing an optimizer knows.
        Define("After", ["X", "dY"], [], f =>
        {
            var element = f[1].Reshape(-1).Slice(0, 0, 1).SumAll();
            var zero = element.Greater(element.Like(0)).And(element.Less(element.Like(0))).Cast(ElementType.Int64);
            return [f[0].Reshape(f[0].DynamicShape() + zero)];
        }),
    ];
}
