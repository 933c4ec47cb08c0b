using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Convolutions: images of every width beside a vector's, strides, dilations, uneven padding, groups, few and many channels, one to three axes.</summary>
internal static class ConvolutionKernelCases
{
    private static readonly Form[] Forms =
    [
        new([2, 3, 8, 8], 16, [3, 3], [1, 1, 1, 1]),
        new([3, 16, 4, 4], 24, [3, 3], [1, 1, 1, 1]),
        new([2, 5, 7, 7], 9, [3, 3], [1, 1, 1, 1]),
        new([2, 8, 14, 14], 8, [3, 3], [1, 1, 1, 1]),
        new([1, 4, 33, 35], 5, [3, 3], [1, 1, 1, 1]),
        new([2, 64, 9, 11], 72, [1, 1], [0, 0, 0, 0]),
        new([2, 10, 7, 8], 11, [1, 1], [0, 0, 0, 0]),
        new([1, 24, 24, 25], 16, [1, 1], [0, 0, 0, 0]),
        new([2, 18, 7, 7], 6, [1, 1], [0, 0, 0, 0]) { Groups = 2 },
        new([2, 6, 7, 7], 18, [1, 1], [0, 0, 0, 0]) { Groups = 2 },
        new([2, 200, 6, 9], 16, [1, 1], [0, 0, 0, 0]),
        new([1, 1, 5, 5], 1, [5, 5], [2, 2, 2, 2]),
        new([2, 3, 9, 40], 7, [3, 5], [0, 2, 1, 1]),
        new([2, 6, 12, 12], 10, [3, 3], [2, 2, 2, 2]) { Dilations = [2, 2] },
        new([2, 6, 10, 13], 12, [3, 3], [1, 1, 1, 1]) { Strides = [2, 2] },
        new([2, 6, 10, 13], 12, [1, 1], [0, 0, 0, 0]) { Strides = [2, 3] },
        new([1, 3, 40, 40], 20, [7, 7], [3, 3, 3, 3]) { Strides = [2, 2] },
        new([2, 12, 6, 6], 18, [3, 3], [1, 1, 1, 1]) { Groups = 3 },
        new([2, 12, 17, 19], 12, [3, 3], [1, 1, 1, 1]) { Groups = 12 },
        new([2, 12, 17, 19], 12, [3, 3], [1, 1, 1, 1]) { Groups = 12, Strides = [2, 2] },
        new([3, 20, 3, 3], 20, [3, 3], [1, 1, 1, 1]) { Groups = 20 },
        new([2, 5, 20, 21], 5, [5, 5], [2, 2, 2, 2]) { Groups = 5 },
        new([2, 5, 20, 21], 5, [5, 5], [1, 2, 2, 1]) { Groups = 5, Strides = [2, 2] },
        new([2, 6, 33, 70], 6, [3, 3], [1, 1, 1, 1]) { Groups = 6, Strides = [2, 2] },
        new([2, 6, 8, 9], 6, [1, 1], [0, 0, 0, 0]) { Groups = 6, Strides = [2, 2] },
        new([2, 6, 11, 12], 6, [3, 4], [0, 2, 1, 3]) { Groups = 6, Strides = [2, 2], Dilations = [2, 1] },
        new([2, 6, 6, 6], 6, [3, 3], [1, 1, 1, 1]) { Groups = 6 },
        new([2, 6, 9, 40], 6, [3, 3], [2, 1, 0, 3]) { Groups = 6, Dilations = [1, 2] },
        new([2, 33, 28, 28], 40, [3, 3], [1, 1, 1, 1]),
        new([3, 16, 5, 70], 9, [3, 3], [1, 2, 1, 0]),
        new([2, 40, 60, 120], 17, [3, 3], [2, 2, 2, 2]) { Dilations = [2, 2] },
        new([2, 4, 15, 34], 4, [3, 3], [2, 2, 2, 2]) { Groups = 4, Dilations = [2, 2], Strides = [1, 3] },
        new([2, 4, 15, 34], 8, [3, 3], [2, 2, 2, 2]) { Groups = 4 },
        new([2, 3, 11, 37], 6, [3, 3], [0, 3, 2, 0]) { Strides = [1, 2], Dilations = [1, 2] },
        new([2, 5, 30], 6, [3], [1, 1]),
        new([2, 6, 30], 6, [5], [4, 0]) { Groups = 6 },
        new([2, 4, 5, 6, 7], 6, [3, 2, 3], [1, 0, 1, 1, 1, 1]),
        new([40, 130, 3, 3], 50, [3, 3], [1, 1, 1, 1]),
        new([2, 9, 33, 35], 13, [3, 3], [0, 2, 1, 0]),
        new([3, 24, 1, 9], 20, [3, 3], [1, 1, 1, 1]) { Groups = 2 },
        new([1, 8, 70, 41], 16, [3, 3], [2, 2, 2, 2]),
        new([5, 40, 2, 2], 70, [3, 3], [1, 0, 1, 1]),
        new([2, 16, 6, 8, 8], 16, [3, 3, 3], [1, 1, 1, 1, 1, 1]),
        new([2, 16, 40, 40], 16, [5, 5], [2, 2, 2, 2]) { Strides = [2, 2] },

        // Windows of a gradient that see nothing but padding.
        new([2, 17, 39, 6], 5, [3, 3], [2, 0, 2, 1]) { Strides = [2, 2], Dilations = [1, 3] },

        // Rows without padding between them; one column, with a stride.
        new([2, 3, 9, 38], 3, [3, 3], [2, 2, 2, 2]) { Groups = 3 },
        new([2, 3, 6, 7, 1], 5, [2, 3, 3], [1, 0, 1, 0, 1, 1]) { Strides = [1, 1, 4] },

        // More sums, or more rows of windows, than are held at a time.
        new([2, 600, 3, 3], 500, [1, 1], [0, 0, 0, 0]),
        new([2, 530, 5, 5], 4, [3, 3], [1, 1, 1, 1]) { Strides = [2, 2] },
        new([2, 280, 24, 24], 280, [3, 3], [1, 1, 1, 1]),
    ];

    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["Convolution"] = [.. Forms.Select(f => Forward(f, bias: false)), .. Forms.Take(9).Select(f => Forward(f, bias: true))],
        ["ConvInputGradUnit"] = [.. Forms.Where(f => f.Strides.All(s => s == 1)).Select(UnitInputGrad)],
        ["ConvInputGrad"] = [.. Forms.Select(InputGrad)],
        ["ConvWeightGrad1D"] = [.. Forms.Where(f => f.Kernel.Length == 1).Select(WeightGrad)],
        ["ConvWeightGrad"] = [.. Forms.Where(f => f.Kernel.Length == 2).Select(WeightGrad)],
        ["ConvWeightGrad3D"] = [.. Forms.Where(f => f.Kernel.Length == 3).Select(WeightGrad)],
    };

    internal static KernelCase Forward(Form f, bool bias) => new([Normal(f.X), Normal(f.W), .. bias ? [Normal(f.Outputs)] : Array.Empty<Func<Random, HostTensor>>()], f.Attributes);

    internal static KernelCase UnitInputGrad(Form f) =>
        new([Normal(f.Y), Normal(f.W)], ("kernel_shape", f.Kernel), ("pads", f.Turned), ("dilations", f.Dilations), ("group", f.Groups));

    internal static KernelCase InputGrad(Form f) => new([Normal(f.Y), Normal(f.W)], [.. f.Attributes, ("output_padding", f.Unread)]);

    internal static KernelCase WeightGrad(Form f) => new([Normal(f.X), Normal(f.Y)], f.Attributes);

    internal sealed record Form(long[] X, long Outputs, long[] Kernel, long[] Pads)
    {
        internal long[] Strides { get; init; } = [.. Kernel.Select(_ => 1L)];

        internal long[] Dilations { get; init; } = [.. Kernel.Select(_ => 1L)];

        internal long Groups { get; init; } = 1;

        internal long[] W => [Outputs, X[1] / Groups, .. Kernel];

        internal long[] Y => [X[0], Outputs, .. Kernel.Select((_, i) => ((X[2 + i] + Pads[i] + Pads[Kernel.Length + i] - Reach(i)) / Strides[i]) + 1)];

        // The elements at the end that no window reads.
        internal long[] Unread => [.. Kernel.Select((_, i) => X[2 + i] + Pads[i] + Pads[Kernel.Length + i] - ((Y[2 + i] - 1) * Strides[i]) - Reach(i))];

        // What is left of a window over the declared padding, as dY's padding.
        internal long[] Turned => [.. Kernel.Select((_, i) => Reach(i) - 1 - Pads[i]), .. Kernel.Select((_, i) => Reach(i) - 1 - Pads[Kernel.Length + i])];

        internal Sema.Onnx.Graphs.Attribute[] Attributes =>
            [("kernel_shape", Kernel), ("strides", Strides), ("pads", Pads), ("dilations", Dilations), ("group", Groups)];

        private long Reach(int axis) => ((Kernel[axis] - 1) * Dilations[axis]) + 1;
    }
}
