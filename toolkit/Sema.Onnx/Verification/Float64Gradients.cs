using Sema.Onnx.Artifacts;
using Sema.Onnx.Data.Formats;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification;

/// <summary>Computes the loss and the gradients of a model's own weights in float64: the same composition, the same rules.</summary>
/// <param name="Loss">The loss of the batch.</param>
/// <param name="Gradients">The gradients, by the weights' names.</param>
internal sealed record Float64Gradients(double Loss, IReadOnlyDictionary<string, double[]> Gradients)
{
    /// <summary>Composes and runs the training graph, on the CPU.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="options">What float32 was composed for.</param>
    /// <param name="recorded">The batches of each input; the first is taken.</param>
    /// <param name="target">The targets; the first batch's are taken.</param>
    /// <param name="threads">The number of threads; 0 for one a core.</param>
    /// <exception cref="RuntimeException">The model holds an operator that neither ONNX Runtime nor a lowering computes in float64.</exception>
    internal static Float64Gradients Compute(string model, CompositionOptions options, IReadOnlyList<RecordedInput> recorded, StoredArray target, int threads)
    {
        var graphs = ArtifactBuilder.Compose(model, options with { Precision = ElementType.Float64 }, _ => recorded.ToDictionary(r => r.Name, r => (IReadOnlyList<long>)r.Shape), target.Shape[1..]);
        var graph = graphs.Training.Graph;
        var inputs = new Dictionary<string, HostTensor>
        {
            [graphs.Target.Name] = First(new(graphs.Target.Name, target, target.Count), graph.Find(graphs.Target.Name)!.Type),
        };
        foreach (var input in recorded)
        {
            if (graph.Find(input.Name) is { } read)
                inputs[input.Name] = First(input, read.Type);
        }

        // The weights are bound rather than written: twice as large as the model's file, they might not fit into one.
        foreach (var weight in graph.Inputs.Where(v => v.Initializer is not null))
        {
            inputs[weight.Name] = HostTensor.Of(weight.Initializer!.As<double>(), [.. weight.Initializer.Dims]);
            weight.Initializer = null;
        }

        Dictionary<string, HostTensor> outputs = [];
        try
        {
            // Beyond the basic level, ONNX Runtime's fusions round constants of float64 products to float32.
            outputs = ModelRunner.Run(ModelWriter.Write(graphs.Training), inputs, new SessionSettings { Threads = threads, Optimization = OptimizationLevel.Basic, Kernels = false });
            return new(outputs[TrainingGraphs.LossName].As<double>()[0], graphs.Layout.Parameters
                .Where(p => outputs.ContainsKey(TrainingGraphs.Gradient(p.Name)))
                .ToDictionary(p => p.Name, p => outputs[TrainingGraphs.Gradient(p.Name)].As<double>().ToArray()));
        }
        finally
        {
            foreach (var tensor in inputs.Values.Concat(outputs.Values))
                tensor.Dispose();
        }
    }

    private static HostTensor First(RecordedInput input, ElementType type)
    {
        var tensor = new HostTensor(type, [.. input.Shape]);
        input.CopyTo(tensor.Bytes, 0, type);
        return tensor;
    }
}
