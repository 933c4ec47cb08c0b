using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Sema.Onnx.Graphs.Functions;
using Sema.Onnx.Graphs.Lowering;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs;

/// <summary>Runs graphs on ONNX Runtime, by way of the file that <see cref="ModelWriter"/> makes of them.</summary>
internal sealed class OnnxRunner : IDisposable
{
    private readonly InferenceSession _session;

    internal OnnxRunner(byte[] file)
    {
        // Beyond BASIC, fusions round the constants of float64 products to float32.
        using var options = new SessionOptions
        {
            IntraOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC,
        };
        _session = new InferenceSession(file, options);
    }

    internal OnnxRunner(Graph graph)
        : this(ModelWriter.Write(ModelOf(graph)))
    {
    }

    /// <summary>A model around a graph, with the functions that it calls.</summary>
    internal static Model ModelOf(Graph graph)
    {
        var model = new Model(graph) { Opsets = { [""] = Model.Opset, [Lowerings.RuntimeDomain] = 1 } };
        SemaFunctions.Attach(model);
        return model;
    }

    internal static IReadOnlyDictionary<string, Tensor> Run(Graph graph, IReadOnlyDictionary<string, Tensor> inputs)
    {
        using var runner = new OnnxRunner(graph);
        return runner.Run(inputs);
    }

    /// <summary>Sets the type and shape of every value that a node makes, inside bodies too.</summary>
    internal static void InferShapes(Graph graph) => AnnotateBodies.Run(ModelOf(graph), Infer);

    private static void Infer(Model model)
    {
        var graph = model.Graph;
        Value[] outputs = [.. graph.Outputs], made = [.. graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>().Select(o => graph.Find(o.Name)!)];
        foreach (var value in made)
            (value.Type, value.Shape) = (ElementType.Undefined, null);
        graph.Outputs.Clear();
        graph.Outputs.AddRange(made);
        using var runner = new OnnxRunner(ModelWriter.Write(model));
        foreach (var value in made)
        {
            var metadata = runner._session.OutputMetadata[value.Name];
            if (metadata.IsTensor)
                (value.Type, value.Shape) = ((ElementType)metadata.ElementDataType, Shape.Of(metadata.Dimensions.Select(d => (long)d)));
        }

        // No dimensions are those of a scalar, or not known as of what a sequence holds; the length of the shape tells which.
        var hasSequences = graph.Nodes.Exists(n => TensorSequences.SequenceOperators.Rewritten.Contains(n.OpType));
        var scalars = made.Where(v => hasSequences && v.Shape is { Rank: 0 }).ToDictionary(v => $"{v.Name}_rank");
        if (scalars.Count > 0)
        {
            var nodes = graph.Nodes.Count;
            graph.Outputs.Clear();
            graph.Outputs.AddRange(scalars.Select(v => graph.Renamed(v.Value.DynamicShape(), v.Key)));
            using var ranks = new OnnxRunner(ModelWriter.Write(model));
            foreach (var (name, value) in scalars.Where(v => ranks._session.OutputMetadata[v.Key].Dimensions is not [0]))
                value.Shape = null;
            graph.Outputs.ForEach(graph.Remove);
            graph.Nodes.RemoveRange(nodes, scalars.Count);
        }

        graph.Outputs.Clear();
        graph.Outputs.AddRange(outputs);
    }

    /// <summary>Computes all outputs, by name.</summary>
    internal IReadOnlyDictionary<string, Tensor> Run(IReadOnlyDictionary<string, Tensor> inputs)
    {
        var feeds = inputs.ToDictionary(i => i.Key, i => Given(i.Value));
        using var run = new RunOptions();
        using var outputs = _session.Run(run, feeds, _session.OutputNames);
        foreach (var feed in feeds.Values)
            feed.Dispose();
        return _session.OutputNames.Zip(outputs).ToDictionary(o => o.First, o => Taken(o.Second));
    }

    public void Dispose() => _session.Dispose();

    private static OrtValue Given(Tensor tensor)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)tensor.Type, [.. tensor.Dims]);
        tensor.Data.Span.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    private static Tensor Taken(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        return new((ElementType)info.ElementDataType, info.Shape, value.GetTensorMutableRawData().ToArray());
    }
}
