using Sema.Onnx.Graphs;

namespace Sema.Onnx.Samples;

/// <summary>An untrained convolutional network for 28×28 grey images, as an exporter would write it (opset 17, symbolic batch axis).</summary>
internal static class ConvNet
{
    private const int Opset = 17;

    /// <summary>Builds the network: three convolutions, two of them with stride 2, and two fully connected layers; 115,114 weights.</summary>
    /// <param name="seed">Where the random weights start.</param>
    internal static Model Build(int seed)
    {
        var random = new Random(seed);
        var graph = new Graph("mnist-cnn");
        var x = graph.AddInput("image", ElementType.Float32, new(new Dimension(-1, "batch"), new(1), new(28), new(28)));
        x = Relu(Conv("conv1", x, 1, 16, stride: 1));
        x = Relu(Conv("conv2", x, 16, 32, stride: 2));
        x = Relu(Conv("conv3", x, 32, 32, stride: 2));
        x = graph.Emit("Flatten", [x], ("axis", 1));
        x = Relu(Linear("hidden", x, 32 * 7 * 7, 64));
        x = graph.Renamed(Linear("head", x, 64, 10), "logits");
        x.Shape = new(new Dimension(-1, "batch"), new(10));
        graph.Outputs.Add(x);
        return new Model(graph) { IrVersion = 8, Producer = "Sema.Onnx", Opsets = { [""] = Opset } };

        Value Conv(string name, Value input, int from, int to, int stride) => graph.Emit(
            "Conv", [input, Weight(name + ".weight", from * 9, to, from, 3, 3), Weight(name + ".bias", from * 9, to)],
            ("kernel_shape", [3, 3]), ("strides", [stride, stride]), ("pads", [1, 1, 1, 1]));

        Value Linear(string name, Value input, int from, int to) =>
            graph.Emit("Gemm", [input, Weight(name + ".weight", from, to, from), Weight(name + ".bias", from, to)], ("transB", 1));

        Value Relu(Value input) => graph.Emit("Relu", [input]);

        // U(−b, b) with b = 1/√inputs, as PyTorch's layers begin.
        Value Weight(string name, int inputs, params long[] dims)
        {
            var values = new float[dims.Aggregate(1L, (n, d) => n * d)];
            var bound = 1 / Math.Sqrt(inputs);
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)((2 * random.NextDouble() - 1) * bound);
            return graph.AddInitializer(name, Tensor.Floats(dims, values));
        }
    }
}
