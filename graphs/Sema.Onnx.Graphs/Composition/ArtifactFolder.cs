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
        var (training, eval, zeros) = WriteWeights(graphs, Path.Combine(folder, Weights));
        File.WriteAllBytes(Path.Combine(folder, Training), ModelWriter.Write(graphs.Training, training));
        File.WriteAllBytes(Path.Combine(folder, Eval), ModelWriter.Write(graphs.Eval, eval));
        File.WriteAllBytes(Path.Combine(folder, Update), ModelWriter.Write(graphs.Update, FlatVectors(graphs, options.Optimizer.Slots, zeros)));
        var manifest = new Manifest(Manifest.CurrentFormat, model, Model.Opset, graphs.Input, graphs.Target, graphs.Prediction, graphs.ClassAxis,
            options.Loss.ToString(), options.Optimizer.ToString(), options.Optimizer.Slots, options.Averages, options.Accumulate, graphs.Layout,
            graphs.Statistics, new[] { Training, Eval, Update, Weights }.ToDictionary(name => name, name => Digest(Path.Combine(folder, name))));
        File.WriteAllText(Path.Combine(folder, ManifestFile), manifest.ToJson() + "\n");
    }

    private static (Dictionary<string, ExternalSlice> Training, Dictionary<string, ExternalSlice> Eval, long Zeros) WriteWeights(
        TrainingGraphs graphs, string path)
    {
        Dictionary<string, ExternalSlice> training = [], eval = [];
        var layout = graphs.Layout;
        using var file = File.Create(path);
        foreach (var parameter in layout.Parameters)
            training[parameter.Name] = eval[parameter.Name] = Put(graphs.Eval.Graph.Find(parameter.Name)!, parameter.Offset * sizeof(float));

        var end = layout.Length * sizeof(float);
        foreach (var constant in Constants(graphs.Training))
            training[constant.Name] = Append(constant);
        foreach (var constant in Constants(graphs.Eval).Where(v => !eval.ContainsKey(v.Name)))
            eval[constant.Name] = graphs.Training.Graph.Find(constant.Name) is { } twin && AreEqual(constant, twin) ? training[twin.Name] : Append(constant);

        file.SetLength(end + layout.Length * sizeof(float));
        foreach (var accumulator in graphs.Training.Graph.Inputs.Where(v => layout.Parameters.Any(p => TrainingGraphs.Accumulator(p.Name) == v.Name)))
            training[accumulator.Name] = new(Weights, end, accumulator.Type, accumulator.KnownShape.Sizes);
        return (training, eval, end);

        IEnumerable<Value> Constants(Model model) =>
            model.Graph.Initializers.Where(v => v.Initializer!.Data.Length >= InlineBytes && layout.Parameters.All(p => p.Name != v.Name));

        ExternalSlice Append(Value constant)
        {
            var slice = Put(constant, end);
            end += (constant.Initializer!.Data.Length + Boundary - 1) / Boundary * Boundary;
            return slice;
        }

        ExternalSlice Put(Value value, long offset)
        {
            file.Position = offset;
            file.Write(value.Initializer!.Data.Span);
            return new(Weights, offset, value.Type, value.Initializer.Dims);
        }
    }

    // The graphs share the model's constants; those that composition added may have the same name and another content.
    private static bool AreEqual(Value a, Value b) => b.Initializer is { } other && a.Initializer is { } one
        && one.Type == other.Type && one.Dims.SequenceEqual(other.Dims) && one.Data.Span.SequenceEqual(other.Data.Span);

    // Slots and gradients start from zeros, averages as copies of the weights.
    private static Dictionary<string, ExternalSlice> FlatVectors(TrainingGraphs graphs, IReadOnlyList<string> slots, long zeros) =>
        graphs.Update.Graph.Inputs.Where(v => v.Rank == 1 && v.Type == ElementType.Float32).ToDictionary(v => v.Name, v => new ExternalSlice(
            Weights, v.Name == UpdateGraph.Gradients || slots.Contains(v.Name) ? zeros : 0, ElementType.Float32, [graphs.Layout.Length]));

    /// <summary>Gets the SHA-256 of a file, in hexadecimal.</summary>
    internal static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
