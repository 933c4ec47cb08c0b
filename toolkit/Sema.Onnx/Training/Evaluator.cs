using System.Runtime.InteropServices;
using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Metrics;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Runs <c>eval.onnx</c> over a data set. The last batch may be padded; a mask keeps the padding out.</summary>
internal sealed class Evaluator : IDisposable
{
    private readonly TensorSignature _prediction, _targetInfo;
    private readonly int _classAxis;
    private readonly long? _ignore;
    private readonly InputTensors _inputs;
    private readonly HostTensor _target, _mask, _loss = new(ElementType.Float32), _weight = new(ElementType.Float32);
    private readonly HostTensor? _scores;

    /// <summary>Prepares an evaluation.</summary>
    /// <param name="session">A session of <c>eval.onnx</c>; the caller keeps it.</param>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="target">The targets.</param>
    /// <param name="prediction">The output that the loss is about.</param>
    /// <param name="classAxis">Its axis of classes, or -1.</param>
    /// <param name="loss">The loss.</param>
    internal Evaluator(Session session, IReadOnlyList<TensorSignature> inputs, TensorSignature target, TensorSignature prediction, int classAxis, Loss loss)
    {
        (Session, _prediction, _targetInfo, _classAxis) = (session, prediction, target, classAxis);
        _ignore = (loss as CrossEntropyLoss)?.IgnoreIndex;
        _inputs = new(inputs);
        _target = new HostTensor(target.Type, [.. target.Shape]);
        _mask = new HostTensor(ElementType.Float32, target.Shape[0]);
        _scores = classAxis >= 0 && prediction.Type == ElementType.Float32 ? new HostTensor(prediction.Type, [.. prediction.Shape]) : null;
        Binding = new Binding(session);
        _inputs.Bind(Binding);
        Binding.BindInput(target.Name, _target);
        Binding.BindInput(TrainingGraphs.MaskName, _mask);
        Binding.BindOutput(TrainingGraphs.LossName, _loss);
        Binding.BindOutput(TrainingGraphs.WeightName, _weight);
        if (_scores is not null)
            Binding.BindOutput(prediction.Name, _scores);
    }

    internal Session Session { get; }

    /// <summary>Gets what the session reads; parameters are bound by the caller.</summary>
    internal Binding Binding { get; }

    /// <summary>Evaluates the bound weights.</summary>
    internal EvaluationResult Evaluate(BatchLoader loader, CancellationToken cancellation)
    {
        var metrics = new ClassificationMetrics();
        var (loss, weight, samples) = (0.0, 0.0, 0L);
        foreach (var batch in loader.Evaluation(cancellation))
        {
            using (batch)
            {
                _inputs.Fill(batch);
                batch.Target.Span.CopyTo(_target.Bytes);
                var mask = _mask.As<float>();
                mask.Clear();
                mask[..batch.Count].Fill(1);
                var labels = _classAxis >= 0 ? MemoryMarshal.Cast<byte, long>(_target.Bytes) : [];
                if (_classAxis >= 0)
                    ClassLabels.Check(labels, _prediction.Shape[_classAxis], _ignore, "evaluation");
                Session.Run(Binding);
                loss += (double)_loss.As<float>()[0] * _weight.As<float>()[0];
                weight += _weight.As<float>()[0];
                samples += batch.Count;
                if (_scores is not null)
                    metrics.AddPredictions(_scores.As<float>(), [.. _prediction.Shape.Select(s => (int)s)], _classAxis, labels, batch.Count, _ignore);
            }
        }

        return new(weight > 0 ? loss / weight : double.NaN, _scores is null ? null : metrics.Accuracy, samples);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Binding.Dispose();
        foreach (var owned in new IDisposable?[] { _inputs, _target, _mask, _loss, _weight, _scores })
            owned?.Dispose();
    }
}
