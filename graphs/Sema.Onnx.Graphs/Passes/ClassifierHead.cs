namespace Sema.Onnx.Graphs.Passes;

/// <summary>Gives a classifier a new head: the last Gemm, MatMul or Conv before an output gets another number of classes.</summary>
internal sealed class ClassifierHead
{
    // What may stand between the head and the output without mixing classes.
    private static readonly HashSet<string> Passing =
    [
        "Add", "AveragePool", "Cast", "Clip", "Dropout", "Flatten", "GlobalAveragePool", "GlobalMaxPool", "Identity", "LogSoftmax", "Relu", "Reshape",
        "Sigmoid", "Softmax", "Squeeze", "Sub", "Transpose", "Unsqueeze",
    ];

    private readonly Value _output;
    private readonly Graph _graph;
    private readonly long _classes;
    private readonly Random _random;
    private readonly Dictionary<string, Tensor> _changed = [];
    private readonly HashSet<Node> _way = [];
    private long _old;
    private double _bound;

    private ClassifierHead(Value output, long classes, int seed) =>
        (_output, _graph, _classes, _random) = (output, output.Graph, classes, new Random(seed));

    /// <summary>Replaces the head in place: fresh weights, U(−b, b) with b = 1/√(inputs of one class) as PyTorch's layers begin.</summary>
    /// <param name="output">The output that the head makes.</param>
    /// <param name="classes">The new number of classes.</param>
    /// <param name="seed">Where the random weights start.</param>
    /// <returns>The constants that changed, by name: weights, biases, and shapes that named the old number of classes.</returns>
    /// <exception cref="InvalidModelException">No head was found.</exception>
    internal static IReadOnlyDictionary<string, Tensor> Replace(Value output, int classes, int seed)
    {
        var head = new ClassifierHead(output, classes, seed);
        head.Replace();
        return head._changed;
    }

    private void Replace()
    {
        var between = new List<Node>();
        var node = _output.Producer;
        while (node is not null && Passing.Contains(node.OpType) && node.Domain.Length == 0)
        {
            between.Add(node);
            node = Spine(node).Producer;
        }

        if (node is not { OpType: "Gemm" or "MatMul" or "Conv", Domain.Length: 0 })
        {
            throw new InvalidModelException(
                $"--classes: no Gemm, MatMul or Conv that makes the classes was found behind the output '{_output.Name}'"
                + $"{(node is null ? "" : $" (the way ends at {node.Label}, {node.OpType})")}; choose another output (--output).");
        }

        _way.UnionWith([.. between, node]);
        var (weight, axis) = Source(node[1], node.OpType switch
        {
            "Conv" => 0,
            "Gemm" when node.Int("transB", 0) != 0 => 0,
            _ => -1,
        });
        _old = weight.Initializer!.Dims[axis];
        _bound = 1 / Math.Sqrt(Math.Max(1, weight.Initializer.Count / Math.Max(1, _old)));
        Renew(weight, axis);
        if (node.Optional(2) is { } bias)
            Widen(bias);
        foreach (var step in between)
        {
            if (step.OpType is "Add" or "Sub")
                Widen(step[0] == Spine(step) ? step[1] : step[0]);
            else if (step.OpType == "Reshape")
                Rewrite(step, 1);
        }

        foreach (var value in _graph.Outputs.Where(o => o == _output && o.Shape is not null))
            value.Shape = new(value.Shape!.Select((d, i) => i > 0 && d.Size == _old ? new Dimension(_classes) : d));
    }

    // The input that leads on towards the head: the one that is computed.
    private static Value Spine(Node node) => node.Inputs.FirstOrDefault(i => i?.Producer is not null) ?? node[0];

    // The initializer behind a weight, through the operators that only turn it, and its axis of classes.
    private (Value Weight, int Axis) Source(Value value, int axis)
    {
        if (value.Initializer is { } tensor)
            return (value, axis < 0 ? axis + tensor.Dims.Count : axis);
        if (value.Producer is { } step)
            _way.Add(step);
        if (value.Producer is { } node && node.OpType is "Identity" or "Cast")
            return Source(node[0], axis);
        if (value.Producer is { OpType: "Transpose" } turn && turn.Ints("perm") is null or [1, 0])
            return Source(turn[0], axis == 0 ? -1 : 0);
        if (value.Producer is { OpType: "Reshape" } reshape && axis == -1)
        {
            Rewrite(reshape, 1, lastOnly: true);
            return Source(reshape[0], -1);
        }

        throw new InvalidModelException($"--classes: the head's weight '{value.Name}' is computed in a way that is not followed"
            + (value.Producer is { OpType: "DequantizeLinear" } ? ": it is quantised for its classes. Give the model its new head before it is quantised." : "."));
    }

    // A bias: a vector, or an array in which one axis has the old number of classes.
    private void Widen(Value value)
    {
        var (bias, _) = Source(value, 0);
        var axis = bias.Initializer!.Dims.ToList().FindIndex(d => d == _old);
        if (axis >= 0)
            Renew(bias, axis);
    }

    private void Renew(Value value, int axis)
    {
        if (!value.Type.IsFloat())
            throw new InvalidModelException($"--classes: the head's weight '{value.Name}' is {value.Type.Name()}; a head of floats is needed.");
        long[] dims = [.. value.Initializer!.Dims];
        dims[axis] = _classes;
        var fresh = new float[Tensor.ElementCount(dims)];
        for (var i = 0; i < fresh.Length; i++)
            fresh[i] = (float)((2 * _random.NextDouble() - 1) * _bound);
        Set(value, new(value.Type, dims, FloatBytes.Encode(value.Type, fresh)));
    }

    // A constant shape that names the old number of classes.
    private void Rewrite(Node node, int input, bool lastOnly = false)
    {
        if (node[input].Initializer is not { } tensor)
            return;
        var sizes = tensor.ToInt64();
        var old = lastOnly ? sizes[^1] : _old;
        var index = lastOnly ? sizes.Length - 1 : Array.LastIndexOf(sizes, old);
        if (index < 0 || sizes[index] < 0)
            return;
        sizes[index] = _classes;
        Set(node[input], Tensor.Vector(sizes));
    }

    private void Set(Value value, Tensor tensor)
    {
        if (_graph.Nodes.Find(n => n.Inputs.Contains(value) && !_way.Contains(n)) is { } other)
        {
            throw new InvalidModelException(
                $"--classes: '{value.Name}', which the head of '{_output.Name}' reads, is read by node {other.Label} ({other.OpType}) too, and cannot change for one of them only.");
        }

        (value.Initializer, value.Shape) = (tensor, tensor.Shape);
        _changed[value.Name] = tensor;
    }
}
