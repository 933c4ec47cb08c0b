using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Lowering;

/// <summary>Models in ONNX Runtime: learnt, lowered, and run.</summary>
internal static class LoweredModel
{
    /// <summary>Lowers a model in place, its shapes learnt before and after, as the toolkit does.</summary>
    internal static Model Lower(Model model)
    {
        Annotate(model);
        OpsetUpgrade.Run(model);
        Annotate(model);
        return model;
    }

    /// <summary>Asks ONNX Runtime for the type and shape of every value that a node makes.</summary>
    internal static void Annotate(Model model)
    {
        var (graph, outputs) = (model.Graph, model.Graph.Outputs.ToArray());
        Value[] made = [.. graph.Values.Where(v => v.Producer is not null)];
        foreach (var value in made)
            (value.Type, value.Shape) = (ElementType.Undefined, null);
        graph.Outputs.Clear();
        graph.Outputs.AddRange(made);
        using var session = Session(model, GraphOptimizationLevel.ORT_ENABLE_BASIC);
        foreach (var value in made)
        {
            var metadata = session.OutputMetadata[value.Name];
            (value.Type, value.Shape) = ((ElementType)metadata.ElementDataType, Shape.Of(metadata.Dimensions.Select(d => (long)d)));
        }

        graph.Outputs.Clear();
        graph.Outputs.AddRange(outputs);
    }

    internal static InferenceSession Session(Model model, GraphOptimizationLevel level = GraphOptimizationLevel.ORT_DISABLE_ALL)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = level,
            IntraOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        return new(ModelWriter.Write(model), options);
    }

    /// <summary>Draws the model's float32 inputs from [-1, 1).</summary>
    internal static Dictionary<string, float[]> Draw(Model model, int seed)
    {
        var random = new Random(seed);
        return model.Graph.Inputs.ToDictionary(i => i.Name, i => Draw(random, i.Shape!.Count));
    }

    internal static float[] Draw(Random random, long count) => [.. Enumerable.Range(0, (int)count).Select(_ => (random.NextSingle() * 2) - 1)];

    /// <summary>Computes all outputs.</summary>
    internal static Result[] Run(InferenceSession session, Model model, IReadOnlyDictionary<string, float[]> feeds)
    {
        var inputs = model.Graph.Inputs.ToDictionary(i => i.Name, i => OrtValue.CreateTensorValueFromMemory((float[])feeds[i.Name].Clone(), i.Shape!.Sizes));
        using var run = new RunOptions();
        using var outputs = session.Run(run, inputs, session.OutputNames);
        foreach (var input in inputs.Values)
            input.Dispose();
        return [.. outputs.Select(Result.Of)];
    }

    internal sealed record Result(TensorElementType Type, string Shape, double[] Elements)
    {
        internal static Result Of(OrtValue value)
        {
            var info = value.GetTensorTypeAndShape();
            var bytes = value.GetTensorMutableRawData();
            return new(info.ElementDataType, string.Join(',', info.Shape), info.ElementDataType switch
            {
                TensorElementType.Float => [.. MemoryMarshal.Cast<byte, float>(bytes)],
                TensorElementType.Int32 => [.. MemoryMarshal.Cast<byte, int>(bytes)],
                TensorElementType.Int64 => [.. MemoryMarshal.Cast<byte, long>(bytes)],
                var type => throw new NotSupportedException($"No case has outputs of type {type} yet."),
            });
        }

        /// <summary>The largest difference, relative to the elements or absolute where they are below 1.</summary>
        internal double Difference(Result other) => (Type, Shape) != (other.Type, other.Shape) ? double.PositiveInfinity
            : Elements.Zip(other.Elements, (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(a))).Select(d => double.IsNaN(d) ? double.PositiveInfinity : d).DefaultIfEmpty().Max();
    }
}
