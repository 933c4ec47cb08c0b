using System.Collections.Frozen;
using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>
/// Computes cheap activations again for the backward half of a training graph, just before it reads them, where what they are made of is kept
/// anyway: they need not live from the forward half on (Chen et al. 2016, arXiv:1604.06174, but operator by operator).
/// </summary>
/// <remarks>The copies compute the same bits. <c>com.sema.After</c> holds each back until the gradient arrives.</remarks>
internal sealed class RecomputeActivations
{
    /// <summary>Values of fewer bytes are not worth a node.</summary>
    private const long LeastBytes = 1 << 16;

    /// <summary>
    /// How many operators in a row one value may be computed again by: the normalisation, the sum and the activation of a residual block. More saved
    /// nothing more in ResNet-18 and ResNet-50, where the copies of one block then live while those of the next are made from them.
    /// </summary>
    private const int MostSteps = 3;

    // A pass or two over memory each; what multiplies matrices, runs over time or draws random numbers is not among them.
    private static readonly FrozenSet<string> Cheap = new[]
    {
        "Relu", "LeakyRelu", "PRelu", "Elu", "Selu", "Celu", "ThresholdedRelu", "Shrink", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Softplus", "Softsign",
        "Mish", "Gelu", "Softmax", "LogSoftmax", "Clip", "Erf", "Exp", "Log", "Sqrt", "Reciprocal", "Abs", "Neg", "Sin", "Cos", "Pow", "Add", "Sub", "Mul", "Div",
        "Max", "Min", "Sum", "Mean", "Where", "Cast", "Concat", "Transpose", "Slice", "Pad", "Expand", "Tile", "DepthToSpace", "SpaceToDepth",
        "BatchNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization",
        "com.sema.BatchNormalizationTraining", "com.sema.BatchNormalizationClipTraining", "com.sema.LayerNormalizationTraining",
    }.ToFrozenSet();

    // Their results share the bytes of what they read.
    private static readonly FrozenSet<string> Views = new[] { "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity" }.ToFrozenSet();

    private readonly Graph _graph;
    private readonly HashSet<Node> _forward;
    private readonly Dictionary<Value, int> _steps = [];
    private readonly Dictionary<Value, Value> _again = [];
    private readonly HashSet<Value> _kept = [], _pinned, _gradients;

    private RecomputeActivations(Graph graph, int forward, Value seed)
    {
        (_graph, _forward, _gradients) = (graph, [.. graph.Nodes.Take(forward)], [seed]);
        _pinned = [.. graph.Outputs.Concat(graph.Nodes.SelectMany(n => n.Captured)).Select(Root)];
    }

    /// <summary>Runs the pass; the shapes of the forward half must be known.</summary>
    /// <param name="graph">The training graph, forward nodes first.</param>
    /// <param name="forward">How many nodes the forward half has.</param>
    /// <param name="loss">The last value of the forward half.</param>
    /// <param name="seed">The loss's gradient, which all other gradients flow from.</param>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph, int forward, Value loss, Value seed)
    {
        var pass = new RecomputeActivations(graph, forward, seed);
        pass.Choose();
        if (pass._steps.Count > 0)
            pass.Rewrite(forward, loss);
        return pass._again.Count > 0;
    }

    private void Choose()
    {
        _kept.UnionWith(_pinned);
        _kept.UnionWith(_graph.Nodes.Skip(_forward.Count).Where(n => n.OpType is not ("Shape" or "Size")).SelectMany(Activations).Select(Root));
        foreach (var node in _graph.Nodes.Take(_forward.Count))
        {
            var (y, extra) = (node.Outputs.FirstOrDefault(), new List<Value>());
            if (y is null || !_kept.Contains(y) || _pinned.Contains(y) || Bytes(y) is not (>= LeastBytes and < long.MaxValue and var bytes))
                continue;
            if (Price(node, MostSteps, extra) is not var (steps, cost) || cost > bytes / 2)
                continue;
            _steps[y] = steps;
            _kept.Remove(y);
            _kept.UnionWith(extra);
        }
    }

    /// <summary>Gets how many operators in a row compute a node's first output again, and the bytes that must live longer for it.</summary>
    /// <param name="node">The node.</param>
    /// <param name="most">The most operators in a row.</param>
    /// <param name="extra">Takes in what must live longer.</param>
    private (int Steps, long Bytes)? Price(Node node, int most, List<Value> extra)
    {
        if (most == 0 || !Cheap.Contains(node.QualifiedType) || !node.Inputs.Exists(v => v is { Initializer: null, Type: ElementType.Float32 }))
            return null;
        var (steps, bytes) = (0, 0L);
        foreach (var x in Activations(node).Select(Root).Distinct().Where(x => x.Producer is not null && !_kept.Contains(x)))
        {
            var more = new List<Value>();
            if (_steps.TryGetValue(x, out var known) && known < most)
            {
                steps = Math.Max(steps, known);
            }
            else if (!_steps.ContainsKey(x) && x == x.Producer!.Outputs[0] && Price(x.Producer!, most - 1, more) is var (before, cost) && cost < Bytes(x))
            {
                (steps, bytes) = (Math.Max(steps, before), bytes + cost);
                extra.AddRange(more);
            }
            else
            {
                bytes = Bytes(x) is var own && own > long.MaxValue - bytes ? long.MaxValue : bytes + own;
                extra.Add(x);
            }
        }

        return (steps + 1, bytes);
    }

    private void Rewrite(int forward, Value loss)
    {
        var backward = _graph.Nodes.GetRange(forward, _graph.Nodes.Count - forward);
        _graph.Nodes.RemoveRange(forward, backward.Count);
        var last = loss;
        foreach (var node in backward)
        {
            var arriving = node.Inputs.Find(v => v is { Producer: not null, Type: ElementType.Float32 } && _gradients.Contains(v)) ?? last;
            var fresh = new HashSet<Value>();
            for (var i = 0; i < node.Inputs.Count; i++)
                node.Inputs[i] = node.OpType is "Shape" or "Size" ? node.Inputs[i] : Again(node.Inputs[i], arriving, fresh);
            _graph.Nodes.Add(node);
            if (!node.Inputs.Exists(v => v is not null && _gradients.Contains(v)))
                continue;
            _gradients.UnionWith(node.Outputs.OfType<Value>());
            last = node.Outputs.Find(v => v is { Type: ElementType.Float32 }) ?? last;
        }
    }

    // The value itself where it is kept; else its copy, made when it is first asked for.
    private Value? Again(Value? value, Value arriving, HashSet<Value> fresh)
    {
        if (value?.Producer is not { } node || !_forward.Contains(node) || Root(value) is not { Producer: not null } root || _kept.Contains(root))
            return value;
        if (_again.TryGetValue(value, out var known))
            return known;
        var inputs = node.Inputs.ConvertAll(x => Again(x, arriving, fresh));
        if (!inputs.Exists(x => x is not null && fresh.Contains(x)))
        {
            var held = inputs.FindIndex(x => x is { Initializer: null, Type: ElementType.Float32 });
            if (held >= 0)
                inputs[held] = Typed(_graph.Call("After", [inputs[held], arriving]), inputs[held]!);
        }

        // ONNX Runtime takes no call of a function with fewer outputs than the function has.
        var outputs = node.Domain.Length == 0 ? 1 : node.Outputs.Count;
        var copy = Typed(_graph.AddNode(node.OpType, node.Domain, inputs, node.Attributes, outputs).Output, value);
        fresh.Add(copy);
        return _again[value] = copy;
    }

    private static Value Typed(Value value, Value like)
    {
        (value.Type, value.Shape) = (like.Type, like.Shape);
        return value;
    }

    private IEnumerable<Value> Activations(Node node) => node.Inputs.OfType<Value>().Where(v => v.Producer is { } made && _forward.Contains(made));

    private static Value Root(Value value)
    {
        while (value.Producer is { Domain.Length: 0 } node && Views.Contains(node.OpType) && node.Optional(0) is { } before)
            value = before;
        return value;
    }

    private static long Bytes(Value value) => value.Shape is { IsStatic: true } shape ? shape.Count * value.Type.Size() : long.MaxValue;
}
