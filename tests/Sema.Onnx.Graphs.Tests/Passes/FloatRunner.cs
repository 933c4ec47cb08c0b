using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Sema.Onnx.Graphs.Functions;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Runs a graph of float32 or float64 values on numbers given as float64.</summary>
internal sealed class FloatRunner : IDisposable
{
    private readonly Graph _graph;
    private readonly InferenceSession _session;

    internal FloatRunner(Graph graph)
    {
        _graph = graph;
        var model = new Model(graph) { Opsets = { [""] = Model.Opset } };
        SemaFunctions.Attach(model);
        using var options = new SessionOptions { IntraOpNumThreads = 1, GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_BASIC };
        _session = new InferenceSession(ModelWriter.Write(model), options);
    }

    internal Dictionary<string, double[]> Run(IReadOnlyDictionary<string, double[]> inputs) => Run(inputs, Elements);

    /// <summary>Fills in the shapes of all values, as they come out on some inputs.</summary>
    internal static void InferShapes(Graph graph, IReadOnlyDictionary<string, double[]> inputs)
    {
        Value[] outputs = [.. graph.Outputs];
        graph.Outputs.Clear();
        graph.Outputs.AddRange(graph.Values.Where(v => v.Producer is not null));
        using var runner = new FloatRunner(graph);
        foreach (var (name, shape) in runner.Run(inputs, value => value.GetTensorTypeAndShape().Shape))
            graph.Find(name)!.Shape = Shape.Of(shape);
        graph.Outputs.Clear();
        graph.Outputs.AddRange(outputs);
    }

    public void Dispose() => _session.Dispose();

    private Dictionary<string, T> Run<T>(IReadOnlyDictionary<string, double[]> inputs, Func<OrtValue, T> read)
    {
        using var run = new RunOptions();
        var feeds = inputs.ToDictionary(i => i.Key, i => Tensor(_graph.Find(i.Key)!, i.Value));
        using var outputs = _session.Run(run, feeds, _session.OutputNames);
        foreach (var feed in feeds.Values)
            feed.Dispose();
        return _session.OutputNames.Zip(outputs).ToDictionary(o => o.First, o => read(o.Second));
    }

    private static OrtValue Tensor(Value value, double[] elements) => value.Type == ElementType.Float64
        ? OrtValue.CreateTensorValueFromMemory(elements, value.KnownShape.Sizes)
        : OrtValue.CreateTensorValueFromMemory(Array.ConvertAll(elements, e => (float)e), value.KnownShape.Sizes);

    private static double[] Elements(OrtValue value) => value.GetTensorTypeAndShape().ElementDataType switch
    {
        TensorElementType.Double => MemoryMarshal.Cast<byte, double>(value.GetTensorMutableRawData()).ToArray(),
        TensorElementType.Float => [.. MemoryMarshal.Cast<byte, float>(value.GetTensorMutableRawData())],
        var type => throw new NotSupportedException($"No test has outputs of type {type}."),
    };
}
