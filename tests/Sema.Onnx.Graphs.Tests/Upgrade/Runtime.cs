using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>What a model computes in ONNX Runtime.</summary>
internal static class Runtime
{
    /// <summary>Runs a model on seeded inputs, float32 in [-1, 1).</summary>
    internal static Output[] Run(Model model, int seed)
    {
        using var options = new SessionOptions
        {
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        using var session = new InferenceSession(ModelWriter.Write(model), options);
        var random = new Random(seed);
        var inputs = model.Graph.Inputs.ToDictionary(i => i.Name, i => OrtValue.CreateTensorValueFromMemory(
            [.. Enumerable.Range(0, (int)i.Shape!.Count).Select(_ => (random.NextSingle() * 2) - 1)], i.Shape.Sizes));
        using var run = new RunOptions();
        using var outputs = session.Run(run, inputs, session.OutputNames);
        foreach (var input in inputs.Values)
            input.Dispose();
        return [.. outputs.Select(Output.Of)];
    }

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
                TensorElementType.Int64 => [.. MemoryMarshal.Cast<byte, long>(bytes)],
                TensorElementType.Bool => [.. bytes],
                var type => throw new NotSupportedException($"No case has outputs of type {type} yet."),
            });
        }

        internal bool Agrees(Output other) => Type == other.Type && Shape == other.Shape
            && Elements.Zip(other.Elements).All(e => Math.Abs(e.First - e.Second) <= 1e-6 * Math.Max(1, Math.Abs(e.First)));
    }
}
