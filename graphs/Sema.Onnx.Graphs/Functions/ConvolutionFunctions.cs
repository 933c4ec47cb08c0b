using static Sema.Onnx.Graphs.Functions.FunctionBuilder;

namespace Sema.Onnx.Graphs.Functions;

/// <summary>A convolution Y = X ∗ W with explicit padding, and its two gradients.</summary>
internal static class ConvolutionFunctions
{
    internal static readonly Function[] All =
    [
        // Y = X ∗ W + B: the operator itself, which ONNX Runtime computes fast only where the weights are constants
        Define("Convolution", ["X", "W", "B"], ["kernel_shape", "strides", "pads", "dilations", "group"], f =>
        [
            f[0].Graph.Emit("Conv", [f[0], f[1], f[2]], ("strides", IntsOf("strides")), ("pads", IntsOf("pads")),
                ("dilations", IntsOf("dilations")), ("group", IntOf("group")), ("kernel_shape", IntsOf("kernel_shape"))),
        ]),

        // dX = dY ∗ᵀ W; output_padding: the input elements at the end that no window reads
        Define("ConvInputGrad", ["dY", "W"], ["kernel_shape", "strides", "pads", "dilations", "group", "output_padding"], f =>
        [
            f[0].Graph.Emit("ConvTranspose", [f[0], f[1]], ("strides", IntsOf("strides")), ("pads", IntsOf("pads")),
                ("dilations", IntsOf("dilations")), ("group", IntOf("group")), ("output_padding", IntsOf("output_padding"))),
        ]),

        // The same where all strides are 1, as a convolution with the window turned round (pads: what is left of it over the
        // declared padding): faster from a handful of channels on, six times with a group for each.
        Define("ConvInputGradUnit", ["dY", "W"], ["kernel_shape", "pads", "dilations", "group"], f =>
        {
            Value group = f.IntVector("group"), kernel = f.Ints("kernel_shape"), channels = f[1].DynamicShape().Slice(0, 1, 2);
            var turned = f[1].Reshape(Shape(group, f.Vector(-1), channels, Product(kernel))).Transpose(0, 2, 1, 3)   // [G, C/G, O/G, k]
                .Slice(3, -1, long.MinValue, -1).Reshape(Shape(group * channels, f.Vector(-1), kernel));
            return
            [
                f[0].Graph.Emit("Conv", [f[0], turned], ("pads", IntsOf("pads")), ("dilations", IntsOf("dilations")), ("group", IntOf("group"))),
            ];
        }),
        WeightGrad("ConvWeightGrad1D", 1),
        WeightGrad("ConvWeightGrad", 2),
        WeightGrad("ConvWeightGrad3D", 3),
    ];

    // dW[o, c, k] = Σₙ,q X[n, c, q·stride + k·dilation] dY[n, o, q]: the input elements that met each place k of the window are
    // gathered, as a matrix with a row for each (c, k), and multiplied by dY: one product a group, for any number of channels.
    // The batch stands last, so that a gathered element is a run of memory.
    private static Function WeightGrad(string name, int spatial) => Define(
        name, ["X", "dY"], ["kernel_shape", "strides", "pads", "dilations", "group"], f =>
        {
            Value group = f.IntVector("group"), kernel = f.Ints("kernel_shape"), pads = f.Ints("pads"), dY = f[1];
            var x = f[0].Graph.Emit("Pad", [f[0], Operators.Concat(
                [f.Vector(0, 0), pads.Slice(0, 0, spatial), f.Vector(0, 0), pads.Slice(0, spatial, 2 * spatial)], 0)]);
            var (plane, windows) = (x.DynamicShape().Slice(0, 2, 2 + spatial), dY.DynamicShape().Slice(0, 2, 2 + spatial));
            Value batch = x.DynamicShape().Slice(0, 0, 1), channels = x.DynamicShape().Slice(0, 1, 2) / group;
            var columns = x.Reshape(Shape(batch, f.Vector(-1), Product(plane))).Transpose(1, 2, 0)             // [C, plane, N]
                .Gather(Places(spatial, kernel, f.Ints("dilations"), f.Ints("strides"), plane, windows), 1)     // [C, k, q, N]
                .Reshape(Shape(group, channels * Product(kernel), f.Vector(-1)));                              // [G, C/G·k, qN]
            var rows = dY.Reshape(Shape(batch, f.Vector(-1), Product(windows))).Transpose(1, 2, 0)             // [O, q, N]
                .Reshape(Shape(group, dY.DynamicShape().Slice(0, 1, 2) / group, f.Vector(-1)));                // [G, O/G, qN]
            return [rows.MatMul(columns.Transpose(0, 2, 1)).Reshape(Shape(f.Vector(-1), channels, kernel))];   // [O, C/G, kernel]
        });

    /// <summary>The place in a padded plane of each window element: int64 [k, q], both row-major over the spatial axes.</summary>
    /// <param name="spatial">The number of spatial axes.</param>
    /// <param name="kernel">The window's sizes, an int64 vector, as all that follow.</param>
    /// <param name="dilations">The distances between a window's elements.</param>
    /// <param name="strides">The distances between windows.</param>
    /// <param name="plane">The padded plane's sizes.</param>
    /// <param name="windows">How many windows stand along each axis.</param>
    internal static Value Places(int spatial, Value kernel, Value dilations, Value strides, Value plane, Value windows)
    {
        Value? places = null;
        for (var i = 0; i < spatial; i++)
        {
            var (k, q) = (Along(Count(At(kernel)) * At(dilations), i), Along(Count(At(windows)) * At(strides), spatial + i));
            places = places is null ? k + q : places * At(plane) + k + q;

            Value At(Value sizes) => sizes.Slice(0, i, i + 1);
        }

        return places!.Reshape(Shape(Product(kernel), kernel.Graph.Vector(-1)));

        Value Count(Value size) => size.Graph.Emit("Range", [size.Graph.Integer(0), size.Squeeze(0), size.Graph.Integer(1)]);

        Value Along(Value counts, int axis) => counts.Unsqueeze([.. Enumerable.Range(0, 2 * spatial).Where(a => a != axis).Select(a => (long)a)]);
    }

    private static Value Shape(params Value[] sizes) => Operators.Concat(sizes, 0);

    private static Value Product(Value sizes) => sizes.Graph.Emit("ReduceProd", [sizes], ("keepdims", 1));
}
