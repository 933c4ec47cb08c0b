using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>The gradient of a look-up.</summary>
internal static class IndexingFunctions
{
    internal static readonly Function[] All =
    [
        // dX[.., indices[j], ..] += dY[.., j, ..]: the indices' axes as one, and every index repeated over the axes behind it
        Define("GatherGrad", ["dY", "indices", "shape"], ["axis"], f =>
        {
            var (shape, axis, after) = (f[2], f.IntVector("axis"), f.IntVector("axis") + f.Vector(1));
            var front = shape.Slice(f.Vector(0), axis);
            var back = shape.Slice(after, f.Vector(long.MaxValue));
            var dY = f[0].Reshape(Operators.Concat([front, f.Vector(-1), back], 0));
            var ones = shape.Graph.Emit("ConstantOfShape", [back.DynamicShape()], ("value", Tensor.Vector(1)));
            var indices = f[1].Reshape(Operators.Concat([f.Vector(-1), ones], 0)).Expand(dY.DynamicShape());
            return [shape.Graph.Emit(
                "ScatterElements", [dY.ZerosOf(shape), indices, dY], ("axis", IntOf("axis")), ("reduction", "add"))];
        }),
    ];
}
