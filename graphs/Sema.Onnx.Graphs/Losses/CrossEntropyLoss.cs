namespace Sema.Onnx.Graphs.Losses;

/// <summary>Softmax cross-entropy against class indices, in nats, averaged over the targets that count.</summary>
/// <remarks>
/// The prediction is logits [N, .., C] with int64 targets [N, ..], or [N, C, ..] with targets [N, ..]; the targets' shape tells
/// which. A final Softmax of the model is taken off for training: the loss computes it itself, without overflow.
/// Label smoothing: Szegedy et al., <see href="https://arxiv.org/abs/1512.00567">arXiv:1512.00567</see>, section 7.
/// </remarks>
public sealed record CrossEntropyLoss : Loss
{
    /// <summary>Gets the share ε of the target that is spread evenly over all classes, in [0, 1). Default 0.</summary>
    public float LabelSmoothing { get; init; }

    /// <summary>Gets the target that does not count. Default -100, PyTorch's.</summary>
    public long IgnoreIndex { get; init; } = -100;

    internal override IReadOnlyList<string> Absorbs => ["Softmax", "LogSoftmax"];

    internal override void Validate()
    {
        if (LabelSmoothing is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(LabelSmoothing), LabelSmoothing, $"{nameof(LabelSmoothing)} must be in [0, 1).");
    }

    internal override ElementType TargetType(ElementType prediction) => ElementType.Int64;

    internal override Shape TargetShape(Shape prediction) => prediction.Rank switch
    {
        _ when prediction.Skip(2).All(d => d.Size == 1) => new(prediction[0]),
        3 => new(prediction.SkipLast(1)),
        _ => new([prediction[0], .. prediction.Skip(2)]),
    };

    /// <summary>Gets the axis of the classes: the last, or axis 1 where the targets' shape says so.</summary>
    /// <exception cref="InvalidModelException">The shapes do not belong together.</exception>
    internal static int ClassAxis(Shape prediction, Shape target)
    {
        var (p, t) = (prediction.ToArray(), target.ToArray());
        if (p.Length >= 2 && p.SkipLast(1).SequenceEqual(t))
            return p.Length - 1;
        if (p.Length >= 2 && t.Length >= 1 && p[0] == t[0] && (p.Skip(2).SequenceEqual(t.Skip(1)) || (t.Length == 1 && p.Skip(2).All(d => d.Size == 1))))
            return 1;
        throw new InvalidModelException(
            $"The model's output of shape {prediction} and class targets of shape {target} do not belong together: "
            + "cross-entropy takes [N, .., C] or [N, C, ..] with targets [N, ..]. Choose another output (--output) or loss (--loss).");
    }

    internal override LossValues Build(Value prediction, Value target, Value? mask)
    {
        var (graph, shape) = (prediction.Graph, prediction.KnownShape);
        var axis = ClassAxis(shape, target.KnownShape);
        var last = axis == shape.Rank - 1 || shape.Skip(axis + 1).All(d => d.Size == 1)
            ? prediction
            : prediction.Transpose([.. Enumerable.Range(0, shape.Rank).Where(a => a != axis).Select(a => (long)a), axis]);
        if (mask is not null)
        {
            var rows = mask.Reshape([-1, .. Enumerable.Repeat(1L, target.Rank - 1)]);
            target = rows.Greater(rows.Like(0)).Where(target, graph.Integer(IgnoreIndex));
        }

        var node = graph.AddNode("CrossEntropy", Model.SemaDomain, [last.Reshape(-1, shape[axis].Size), target.Reshape(-1)],
            [("ignore_index", IgnoreIndex), ("label_smoothing", LabelSmoothing)], 2);
        return new(node.Output, node.Outputs[1]!);
    }
}
