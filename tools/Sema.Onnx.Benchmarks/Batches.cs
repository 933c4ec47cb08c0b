using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Benchmarks;

/// <summary>Batches of random data for any model.</summary>
internal static class Batches
{
    // The batch sizes that the peer trains its models with.
    private static readonly Dictionary<string, int> Peer = new()
    {
        ["mlp"] = 128,
        ["cnn"] = 64,
        ["resnet18"] = 32,
        ["mobilenetv2"] = 16,
        ["vit"] = 32,
        ["gpt"] = 8,
        ["lstm"] = 20,
        ["resnet50"] = 8,
    };

    /// <summary>Gets the samples in a batch of a model of the peer's, or 8.</summary>
    internal static int Size(string model) => Peer.GetValueOrDefault(Path.GetFileNameWithoutExtension(model), 8);

    /// <summary>Gets the sizes of a model's inputs; every axis that the model leaves open has the batch's size.</summary>
    internal static Dictionary<string, IReadOnlyList<long>> Shapes(string path, int batch) => Composer.Inputs(ModelReader.Read(path).Graph)
        .ToDictionary(v => v.Name, v => (IReadOnlyList<long>)[.. (v.Shape ?? throw new InvalidInputException($"The model does not say how many axes its input '{v.Name}' has."))
            .Select(d => d.IsKnown ? d.Size : batch)]);

    /// <summary>Fills a step's inputs and targets: floats are normal; integers are classes, or tokens of as large a vocabulary.</summary>
    internal static void Fill(Engine engine)
    {
        var random = new Random(0);
        foreach (var input in engine.Manifest.Inputs)
            Fill(input.Name, engine.Inputs[input.Name], input.Type, engine.Classes, random);
        Fill("target", engine.Target, engine.Manifest.Target.Type, engine.Classes, random);
    }

    private static void Fill(string name, Span<byte> bytes, ElementType type, int classes, Random random)
    {
        if (type == ElementType.Int64)
        {
            foreach (ref var value in MemoryMarshal.Cast<byte, long>(bytes))
                value = random.Next(classes);
        }
        else if (type != ElementType.Float32)
            throw new InvalidInputException($"The input '{name}' is {type}; only float32 and int64 are drawn here.");
        else
        {
            foreach (ref var value in MemoryMarshal.Cast<byte, float>(bytes))
                value = (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        }
    }
}
