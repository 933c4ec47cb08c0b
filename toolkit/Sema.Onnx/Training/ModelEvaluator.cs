using Sema.Onnx.Artifacts;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Measures how well a model file does on data, without training it.</summary>
public static class ModelEvaluator
{
    /// <summary>Evaluates a model.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="data">The samples; each is used once.</param>
    /// <param name="options">The loss, the preprocessing, where to run.</param>
    /// <param name="cancellation">Ends the evaluation between two batches.</param>
    /// <exception cref="InvalidModelException">The model is malformed or has no such output.</exception>
    /// <exception cref="DataException">The data do not fit the model.</exception>
    /// <exception cref="RuntimeException">ONNX Runtime refuses the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static EvaluationResult Evaluate(string model, IDataset data, EvaluationOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1, nameof(options.BatchSize));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TopK ?? 1, 1, nameof(options.TopK));
        var forms = RunData.For(model, data, options.Pixels, options.Loss, ownType: true);
        var (graph, batch) = Read(model, forms, options.BatchSize);
        var composed = new Composer(new() { Loss = options.Loss, Output = options.Output }, ArtifactBuilder.Annotate)
            .ComposeEval(graph, forms.InputShapes(batch), forms.TargetShape(batch));
        using var session = new Session(composed.Model, new SessionSettings { Device = options.Device, Threads = options.Threads });
        using var evaluator = new Evaluator(session, composed.Inputs, composed.Target, composed.Prediction, composed.ClassAxis, options.Loss, options.TopK);
        return evaluator.Evaluate(forms.Evaluation(data, batch), cancellation);
    }

    // A batch size that is baked in and cannot be lifted is what the model runs with.
    private static (Model Model, int Batch) Read(string path, RunData forms, int batch)
    {
        var model = ModelReader.Read(path);
        try
        {
            ArtifactBuilder.Unbatch(model, path, forms.InputShapes(batch));
        }
        catch (InvalidModelException)
        {
            model = ModelReader.Read(path);
        }

        return (model, forms.OwnBatch(model.Graph, batch));
    }
}
