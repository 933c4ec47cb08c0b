namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>The activations of a recurrent operator, by direction.</summary>
internal sealed class RecurrentActivations
{
    private readonly Entry[][] _byDirection;
    private readonly float _clip;

    /// <summary>Reads them from a node's attributes.</summary>
    /// <param name="node">An RNN, GRU or LSTM.</param>
    /// <param name="directions">How many directions it has.</param>
    /// <param name="defaults">The activations of one direction, where the node names none.</param>
    internal RecurrentActivations(Node node, int directions, params string[] defaults)
    {
        var names = node.Get<string[]>("activations") ?? [.. Enumerable.Repeat(defaults, directions).SelectMany(d => d)];
        if (names.Length != directions * defaults.Length)
            throw new InvalidModelException($"Operator '{node.OpType}', node {node.Label}: {names.Length} activations are named; {directions * defaults.Length} are needed.");

        // Each activation takes the next number, if it needs one, as ONNX Runtime has it; so are the defaults.
        var (alphas, betas) = (new Queue<float>(node.Get<float[]>("activation_alpha") ?? []), new Queue<float>(node.Get<float[]>("activation_beta") ?? []));
        _byDirection = [.. names.Select(n => n.ToLowerInvariant()).Select(name => name switch
        {
            "hardsigmoid" => new Entry(name, Next(alphas, 0.2f), Next(betas, 0.5f)),
            "affine" or "scaledtanh" => new(name, Next(alphas, 0), Next(betas, 0)),
            "leakyrelu" => new(name, Next(alphas, 0.01f), 0),
            "elu" => new(name, Next(alphas, 1), 0),
            "thresholdedrelu" => new(name, Next(alphas, 0), 0),
            "sigmoid" or "tanh" or "relu" or "softsign" or "softplus" => new(name, 0, 0),
            _ => throw new InvalidModelException($"Operator '{node.OpType}', node {node.Label}: the activation '{name}' is not known."),
        }).Chunk(defaults.Length)];
        _clip = node.Float("clip", 0);
    }

    /// <summary>The two directions apart.</summary>
    internal static Value[] Halves(Value x) => [.. x.Graph.AddNode("Split", "", [x], [("axis", 0), ("num_outputs", 2)], 2).Outputs!];

    /// <summary>Applies an activation to what goes into a gate.</summary>
    /// <param name="function">Which of the direction's activations: f, g, h from 0.</param>
    /// <param name="a">The values, directions on the first axis.</param>
    /// <param name="clip">Whether the operator clips them first.</param>
    internal RecurrentGate Gate(int function, Value a, bool clip = true)
    {
        var entries = _byDirection.Select(d => d[function]).ToArray();
        if (entries.Distinct().Count() == 1)
            return Gate(entries[0], a, clip);
        var gates = Halves(a).Zip(entries, (half, entry) => Gate(entry, half, clip)).ToArray();
        return new(Operators.Concat([.. gates.Select(g => g.Output)], 0),
            dY => Operators.Concat([.. Halves(dY).Zip(gates, (half, gate) => gate.Pull(half))], 0));
    }

    private RecurrentGate Gate(Entry entry, Value a, bool clip)
    {
        var bounded = clip && _clip > 0 ? a.Graph.Emit("Clip", [a, a.Like(-_clip), a.Like(_clip)]) : a;
        var y = entry.Apply(bounded);
        return new(y, dY => Back(y, a, dY));
    }

    // From y to a, through operators of one input; each has its rule.
    private static Value Back(Value y, Value a, Value dY) => y == a ? dY
        : Back(y.Producer![0], a, GradientRules.Find(y.Producer)!.Gradients(y.Producer, [dY], x => x == y.Producer[0]).Single().DX);

    private static float Next(Queue<float> numbers, float otherwise) => numbers.TryDequeue(out var next) ? next : otherwise;

    private sealed record Entry(string Name, float Alpha, float Beta)
    {
        internal Value Apply(Value x) => Name switch
        {
            "affine" => x * Alpha + Beta,
            "scaledtanh" => (x * Beta).Tanh() * Alpha,
            "leakyrelu" => x.Graph.Emit("LeakyRelu", [x], ("alpha", Alpha)),
            "thresholdedrelu" => x.Graph.Emit("ThresholdedRelu", [x], ("alpha", Alpha)),
            "elu" => x.Graph.Emit("Elu", [x], ("alpha", Alpha)),
            "hardsigmoid" => x.Graph.Emit("HardSigmoid", [x], ("alpha", Alpha), ("beta", Beta)),
            "relu" => x.Graph.Emit("Relu", [x]),
            "softsign" => x.Graph.Emit("Softsign", [x]),
            "softplus" => x.Graph.Emit("Softplus", [x]),
            "sigmoid" => x.Sigmoid(),
            _ => x.Tanh(),
        };
    }
}
