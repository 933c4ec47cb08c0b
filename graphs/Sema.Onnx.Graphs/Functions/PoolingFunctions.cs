using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>The gradients of pooling.</summary>
internal static class PoolingFunctions
{
    internal static readonly Function[] All =
    [
        // The operator itself, with the place of each window's first maximum
        Define("MaxPoolTraining", ["X"], ["kernel_shape", "strides", "pads"], f =>
            [.. f[0].Graph.AddNode("MaxPool", "", [f[0]], [("kernel_shape", IntsOf("kernel_shape")), ("strides", IntsOf("strides")), ("pads", IntsOf("pads"))], 2).Outputs!]),

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

        // Y = (Σ |X|ᵖ)^(1/p) over each window:  dX = sign(X) |X|^(p − 1) Σ dY Y^(1 − p) over the windows that an element is in, a
        // transposed convolution with ones. kernel: [1, 1, window]; pads: as in AveragePoolGrad.
        Define("LpPoolGrad", ["dY", "X", "Y"], ["p", "strides", "dilations", "output_padding", "kernel", "pads"], f =>
        {
            var (x, y, p) = (f[1], f[2], f.Int("p").CastLike(f[1]) - 1);
            var shares = (f[0] / y.Equal(y.Like(0)).Where(y.Like(1), y).Pow(p))
                .Reshape(Operators.Concat([f.Vector(-1, 1), y.DynamicShape().Slice(0, 2, long.MaxValue)], 0));
            var sums = x.Graph.Emit("ConvTranspose", [shares, x.Like(1).Expand(f.Ints("kernel"))], ("strides", IntsOf("strides")),
                ("dilations", IntsOf("dilations")), ("pads", IntsOf("pads")), ("output_padding", IntsOf("output_padding")));
            return [x.Sign() * x.Abs().Pow(p) * sums.Reshape(x.DynamicShape())];
        }),
    ];
}
