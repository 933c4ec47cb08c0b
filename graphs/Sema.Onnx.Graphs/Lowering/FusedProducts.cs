namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Products with a transposition before or an activation after them.</summary>
internal static class FusedProducts
{
    // The activations that FusedConv knows, each with the attributes that activation_params lists.
    private static readonly Dictionary<string, string[]> Activations = new()
    {
        ["Relu"] = [],
        ["Tanh"] = [],
        ["Sigmoid"] = [],
        ["LeakyRelu"] = ["alpha"],
        ["Clip"] = ["min", "max"],
        ["HardSigmoid"] = ["alpha", "beta"],
    };

    internal static IReadOnlyList<Value?> MatMul(Node y)
    {
        var product = Side("A", y[0]).MatMul(Side("B", y[1]));
        return [y.Float("alpha", 1) is var alpha && alpha == 1 ? product : product * alpha];

        // Batch axes behind the rows: [m, b.., k] -> [b.., m, k]; then rows and columns. A vector is none of both.
        Value Side(string name, Value x)
        {
            var (rank, batch, rows) = (y.RankOf(x), y.Int($"transBatch{name}", 0) != 0, y.Int($"trans{name}", 0) != 0);
            List<long> axes = [.. Enumerable.Range(0, rank).Select(i => (long)i)];
            if (batch && rank > 2)
                axes = [.. axes[1..^1], 0, rank - 1];
            if (rows && rank > 1)
                axes = [.. axes[..^2], axes[^1], axes[^2]];
            return axes.Order().SequenceEqual(axes) ? x : x.Transpose([.. axes]);
        }
    }

    internal static IReadOnlyList<Value?> Gemm(Node y)
    {
        var sum = y.Graph.Emit("Gemm", y.Inputs, Standard(y));
        if (y.Get<string>("activation") is not { Length: > 0 } activation)
            return [sum];
        string[] parameters = ["alpha", "beta", "gamma"];
        var given = parameters.Where(p => y.Has($"activation_{p}")).Select(p => new Attribute(p, y.Float($"activation_{p}", 0)));
        return [activation is "Elu" or "HardSigmoid" or "LeakyRelu" or "Relu" or "Selu" or "Sigmoid" or "Softplus" or "Softsign" or "Tanh" or "ThresholdedRelu"
            ? y.Graph.Emit(activation, [sum], given)
            : throw y.Refused($"the activation '{activation}' is not supported")];
    }

    internal static IReadOnlyList<Value?> Conv(Node y)
    {
        var sum = y.Graph.Emit("Conv", y.Inputs.Take(3), Standard(y));
        if (y.Optional(3) is { } residual)
            sum += residual;
        if (y.Get<string>("activation") is not { Length: > 0 } activation)
            return [sum];
        var values = y.Get<float[]>("activation_params") ?? [];
        if (!Activations.TryGetValue(activation, out var names) || values.Length != names.Length)
            throw y.Refused($"the activation '{activation}' with {values.Length} parameters is not supported");
        return [activation == "Clip"
            ? y.Graph.Emit("Clip", [sum, sum.Like(values[0]), sum.Like(values[1])])
            : y.Graph.Emit(activation, [sum], names.Zip(values, (n, v) => new Attribute(n, v)))];
    }

    internal static IReadOnlyList<Value?> ConvTranspose(Node y)
    {
        var pads = y.Optional(2) is not { } input ? []
            : input.Initializer is { } constant ? new Attribute[] { ("pads", constant.ToInt64()) }
            : throw y.Refused($"the pads '{input.Name}' are no constant, which is not supported");
        return [y.Graph.Emit("ConvTranspose", [y[0], y[1], y.Optional(3)], [.. y.Attributes, .. pads])];
    }

    private static IEnumerable<Attribute> Standard(Node y) => y.Attributes.Where(a => !a.Name.StartsWith("activation", StringComparison.Ordinal));
}
