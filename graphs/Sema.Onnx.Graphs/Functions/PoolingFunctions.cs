using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>The gradients of pooling.</summary>
internal static class PoolingFunctions
{
    internal static readonly Function[] All =
    [
        // Each gradient goes to the element that was the maximum; overlapping windows add up there.
        Define("MaxPoolGrad", ["dY", "Indices", "shape"], [], f =>
        {
            var flat = f[0].ZerosOf(f[2].Graph.Emit("ReduceProd", [f[2]], ("keepdims", 1)));
            return [flat.Graph.Emit("ScatterElements", [flat, f[1].Reshape(-1), f[0].Reshape(-1)], ("axis", 0), ("reduction", "add")).Reshape(f[2])];
        }),

        // Each gradient is shared by the elements of its window that counted: a transposed convolution with ones.
        // plane: [1, 1, input sizes]; kernel: [1, 1, window]; borders: the declared padding as Pad takes it; excess: by how much
        // the last windows hang over; pads: declared padding and excess together.
        Define("AveragePoolGrad", ["dY", "shape"],
            ["strides", "dilations", "output_padding", "kernel", "plane", "pads", "excess", "borders", "count_include_pad"], f =>
        {
            var (dY, graph) = (f[0], f[0].Graph);
            var window = dY.Like(1).Expand(f.Ints("kernel"));
            var countable = graph.Emit("Pad", [dY.Like(1).Expand(f.Ints("plane")), f.Ints("borders"), f.Int("count_include_pad").CastLike(dY)]);
            var counts = graph.Emit("Conv", [countable, window],
                ("strides", IntsOf("strides")), ("dilations", IntsOf("dilations")), ("pads", IntsOf("excess")));
            var planes = (dY / counts).Reshape(Operators.Concat([f.Vector(-1, 1), dY.DynamicShape().Slice(0, 2, long.MaxValue)], 0));
            return [graph.Emit("ConvTranspose", [planes, window], ("strides", IntsOf("strides")), ("dilations", IntsOf("dilations")),
                ("pads", IntsOf("pads")), ("output_padding", IntsOf("output_padding"))).Reshape(f[1])];
        }),
    ];
}
