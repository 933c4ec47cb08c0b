using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs;

/// <summary>What a model computes in ONNX Runtime, on drawn float32 inputs.</summary>
internal static class ModelRun
{
    /// <summary>Computes all outputs on inputs drawn from [-1, 1).</summary>
    internal static Output[] Run(Model model, int seed)
    {
        using var session = Session(model);
        return Run(session, model, Draw(model, seed));
    }

    /// <summary>Computes all outputs.</summary>
    internal static Output[] Run(InferenceSession session, Model model, IReadOnlyDictionary<string, float[]> feeds)
    {
        var inputs = model.Graph.Inputs.ToDictionary(i => i.Name, i => OrtValue.CreateTensorValueFromMemory((float[])feeds[i.Name].Clone(), i.Shape!.Sizes));
        using var run = new RunOptions();
        using var outputs = session.Run(run, inputs, session.OutputNames);
        foreach (var input in inputs.Values)
            input.Dispose();
        return [.. outputs.Select(Output.Of)];
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

    /// <summary>One output, its elements as float64.</summary>
    internal sealed record Output(TensorElementType Type, string Shape, double[] Elements)
    {
        internal static Output Of(OrtValue value)
        {
            var info = value.GetTensorTypeAndShape();
            var bytes = value.GetTensorMutableRawData();
            return new(info.ElementDataType, string.Join(',', info.Shape), info.ElementDataType switch
            {
                TensorElementType.Float => [.. MemoryMarshal.Cast<byte, float>(bytes)],
                TensorElementType.Double => [.. MemoryMarshal.Cast<byte, double>(bytes)],
                TensorElementType.Int32 => [.. MemoryMarshal.Cast<byte, int>(bytes)],
                TensorElementType.Int64 => [.. MemoryMarshal.Cast<byte, long>(bytes)],
                TensorElementType.Bool => [.. bytes],
                var type => throw new NotSupportedException($"No case has outputs of type {type} yet."),
            });
        }

        internal bool Agrees(Output other) => Difference(other) <= 1e-6;

        /// <summary>The largest difference, relative to the elements or absolute where they are below 1.</summary>
        internal double Difference(Output other) => (Type, Shape) != (other.Type, other.Shape) ? double.PositiveInfinity
            : Elements.Zip(other.Elements, (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(a))).Select(d => double.IsNaN(d) ? double.PositiveInfinity : d).DefaultIfEmpty().Max();
    }
}
