using System.Security.Cryptography;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Writes training graphs as a folder that any ONNX Runtime can train from.</summary>
/// <remarks>
/// <c>weights.bin</c> begins with the flat vector of all live parameters, then come the constants, then as many zeros as the vector
/// has, from which optimizer slots and accumulators start. The graphs point into it (ONNX external data).
/// </remarks>
internal static class ArtifactFolder
{
    internal const string Training = "training.onnx", Eval = "eval.onnx", Update = "update.onnx", Weights = "weights.bin", ManifestFile = "manifest.json";

    /// <summary>Tensors below this many bytes stay inside the graphs.</summary>
    private const int InlineBytes = 256;

    private const int Boundary = 256;

    /// <summary>Writes the folder; it must not exist, or be empty.</summary>
    /// <param name="graphs">The graphs.</param>
    /// <param name="options">What they were made for.</param>
    /// <param name="model">The file name of the model they were made from.</param>
    /// <param name="folder">Where to write.</param>
    internal static void Write(TrainingGraphs graphs, CompositionOptions options, string model, string folder)
    {
        Directory.CreateDirectory(folder);
        var (slices, zeros) = WriteWeights(graphs, Path.Combine(folder, Weights));
        File.WriteAllBytes(Path.Combine(folder, Training), ModelWriter.Write(graphs.Training, slices));
        File.WriteAllBytes(Path.Combine(folder, Eval), ModelWriter.Write(graphs.Eval, slices));
        File.WriteAllBytes(Path.Combine(folder, Update), ModelWriter.Write(graphs.Update, FlatVectors(graphs, options.Optimizer.Slots, zeros)));
        var manifest = new Manifest(Manifest.CurrentFormat, model, Model.Opset, graphs.Input, graphs.Target, graphs.Prediction, graphs.ClassAxis,
            options.Loss.ToString(), options.Optimizer.ToString(), options.Optimizer.Slots, options.Averages, options.Accumulate, graphs.Layout,
            graphs.Statistics, new[] { Training, Eval, Update, Weights }.ToDictionary(name => name, name => Digest(Path.Combine(folder, name))));
        File.WriteAllText(Path.Combine(folder, ManifestFile), manifest.ToJson() + "\n");
    }

    private static (Dictionary<string, ExternalSlice> Slices, long Zeros) WriteWeights(TrainingGraphs graphs, string path)
    {
        var slices = new Dictionary<string, ExternalSlice>();
        var layout = graphs.Layout;
        using var file = File.Create(path);
        foreach (var parameter in layout.Parameters)
            Put(graphs.Eval.Graph.Find(parameter.Name)!, parameter.Offset * sizeof(float));

        var end = layout.Length * sizeof(float);
        var constants = graphs.Training.Graph.Initializers.Concat(graphs.Eval.Graph.Initializers);
        foreach (var constant in constants.Where(v => !slices.ContainsKey(v.Name) && v.Initializer!.Data.Length >= InlineBytes))
        {
            Put(constant, end);
            end += (constant.Initializer!.Data.Length + Boundary - 1) / Boundary * Boundary;
        }

        file.SetLength(end + layout.Length * sizeof(float));
        foreach (var accumulator in graphs.Training.Graph.Inputs.Where(v => layout.Parameters.Any(p => TrainingGraphs.Accumulator(p.Name) == v.Name)))
            slices[accumulator.Name] = new(Weights, end, accumulator.Type, accumulator.KnownShape.Sizes);
        return (slices, end);

        void Put(Value value, long offset)
        {
            file.Position = offset;
            file.Write(value.Initializer!.Data.Span);
            slices[value.Name] = new(Weights, offset, value.Type, value.Initializer.Dims);
        }
    }

    // Slots and gradients start from zeros, averages as copies of the weights.
    private static Dictionary<string, ExternalSlice> FlatVectors(TrainingGraphs graphs, IReadOnlyList<string> slots, long zeros) =>
        graphs.Update.Graph.Inputs.Where(v => v.Rank == 1).ToDictionary(v => v.Name, v => new ExternalSlice(
            Weights, v.Name == UpdateGraph.Gradients || slots.Contains(v.Name) ? zeros : 0, ElementType.Float32, [graphs.Layout.Length]));

    private static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
