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
    private readonly TensorSignature _prediction;
    private readonly int? _topK;
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
    /// <param name="topK">k of the top-k accuracy, or <see langword="null"/> for the usual one.</param>
    internal Evaluator(
        Session session, IReadOnlyList<TensorSignature> inputs, TensorSignature target, TensorSignature prediction, int classAxis, Loss loss, int? topK)
    {
        (Session, _prediction, _classAxis, _topK) = (session, prediction, classAxis, topK);
        _ignore = (loss as CrossEntropyLoss)?.IgnoreIndex;
        _inputs = new(inputs);
        _target = new HostTensor(target.Type, [.. target.Shape]);
        _mask = new HostTensor(ElementType.Float32, target.Shape[0]);
        // The logits stand apart where the prediction is their softmax, or no float32.
        var scores = session.Outputs.ContainsKey(TrainingGraphs.LogitsName) ? TrainingGraphs.LogitsName : prediction.Name;
        _scores = classAxis >= 0 ? new HostTensor(ElementType.Float32, [.. prediction.Shape]) : null;
        Binding = new Binding(session);
        _inputs.Bind(Binding);
        Binding.BindInput(target.Name, _target);
        Binding.BindInput(TrainingGraphs.MaskName, _mask);
        Binding.BindOutput(TrainingGraphs.LossName, _loss);
        Binding.BindOutput(TrainingGraphs.WeightName, _weight);
        if (_scores is not null)
            Binding.BindOutput(scores, _scores);
    }

    internal Session Session { get; }

    /// <summary>Gets what the session reads; parameters are bound by the caller.</summary>
    internal Binding Binding { get; }

    /// <summary>Evaluates the bound weights.</summary>
    internal EvaluationResult Evaluate(BatchLoader loader, CancellationToken cancellation)
    {
        var (metrics, quality) = (new ClassificationMetrics(), new PredictionQuality(_topK));
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
                if (_scores is null)
                    continue;
                int[] shape = [.. _prediction.Shape.Select(s => (int)s)];
                metrics.AddPredictions(_scores.As<float>(), shape, _classAxis, labels, batch.Count, _ignore);
                quality.AddPredictions(_scores.As<float>(), shape, _classAxis, labels, batch.Count, _ignore);
            }
        }

        var result = new EvaluationResult(weight > 0 ? loss / weight : double.NaN, null, samples);
        return _scores is null ? result : result with
        {
            Accuracy = metrics.Accuracy,
            TopK = quality.TopKAccuracy is null ? null : quality.TopK,
            TopKAccuracy = quality.TopKAccuracy,
            NegativeLogLikelihood = quality.NegativeLogLikelihood,
            CalibrationError = quality.Calibration,
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Binding.Dispose();
        foreach (var owned in new IDisposable?[] { _inputs, _target, _mask, _loss, _weight, _scores })
            owned?.Dispose();
    }
}
