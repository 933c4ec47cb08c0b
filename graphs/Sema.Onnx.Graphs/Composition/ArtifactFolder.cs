using System.Security.Cryptography;
using Sema.Onnx.Graphs.Serialization;
using Slices = System.Collections.Generic.Dictionary<string, Sema.Onnx.Graphs.Serialization.ExternalSlice>;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Writes training graphs as a folder that any ONNX Runtime can train from.</summary>
/// <remarks>
/// <c>weights.bin</c> begins with the flat vector of all live parameters, then come the constants, then, where there are optimizer slots or
/// accumulators, which start from them, as many zeros as the vector has. The graphs point into it (ONNX external data).
/// </remarks>
internal static class ArtifactFolder
{
    internal const string Training = "training.onnx", Eval = "eval.onnx", Update = "update.onnx", Weights = "weights.bin", ManifestFile = "manifest.json";

    /// <summary>Tensors below this many bytes stay inside the graphs.</summary>
    private const int InlineBytes = 256;

    /// <summary>Writes the folder; it must not exist, or be empty.</summary>
    /// <param name="graphs">The graphs.</param>
    /// <param name="options">What they were made for.</param>
    /// <param name="model">The file name of the model they were made from.</param>
    /// <param name="folder">Where to write.</param>
    internal static void Write(TrainingGraphs graphs, CompositionOptions options, string model, string folder)
    {
        Directory.CreateDirectory(folder);
        var (training, eval, update, digest) = WriteWeights(graphs, options, Path.Combine(folder, Weights));
        var digests = new Dictionary<string, string>
        {
            [Training] = WriteModel(Path.Combine(folder, Training), graphs.Training, training),
            [Eval] = WriteModel(Path.Combine(folder, Eval), graphs.Eval, eval),
            [Update] = WriteModel(Path.Combine(folder, Update), graphs.Update, update),
            [Weights] = digest,
        };
        var manifest = new Manifest(Manifest.CurrentFormat, model, Model.Opset, graphs.Inputs, graphs.Target, graphs.Prediction, graphs.ClassAxis,
            options.Loss.ToString(), options.Optimizer.ToString(), options.Optimizer.Slots, options.Averages, options.Accumulate, graphs.Layout,
            graphs.Statistics, digests, options.Recompute);
        File.WriteAllText(Path.Combine(folder, ManifestFile), manifest.ToJson() + "\n");
    }

    private static string WriteModel(string path, Model model, IReadOnlyDictionary<string, ExternalSlice> external)
    {
        var bytes = ModelWriter.Write(model, external);
        File.WriteAllBytes(path, bytes);
        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    private static (Slices Training, Slices Eval, Slices Update, string Digest) WriteWeights(TrainingGraphs graphs, CompositionOptions options, string path)
    {
        Slices training = [], eval = [], update = [];
        var layout = graphs.Layout;
        using var file = new WeightsFile(path);
        foreach (var parameter in layout.Parameters)
        {
            file.ZerosTo(parameter.Offset * sizeof(float));
            training[parameter.Name] = eval[parameter.Name] = file.Append(graphs.Eval.Graph.Find(parameter.Name)!.Initializer!);
        }

        file.ZerosTo(layout.Length * sizeof(float));
        foreach (var constant in Constants(graphs.Training))
            training[constant.Name] = file.Append(constant.Initializer!);
        foreach (var constant in Constants(graphs.Eval).Where(v => !eval.ContainsKey(v.Name)))
        {
            // The graphs share the model's constants; those that composition added may have the same name and another content.
            var twin = graphs.Training.Graph.Find(constant.Name)?.Initializer;
            eval[constant.Name] = twin is not null && constant.Initializer!.IsSame(twin) ? training[constant.Name] : file.Append(constant.Initializer!);
        }

        // Averages start as copies of the weights, slots and accumulators from zeros; the gradients are given.
        foreach (var vector in graphs.Update.Graph.Inputs.Where(v => v.Rank == 1 && v.Type == ElementType.Float32 && v.Name != UpdateGraph.Gradients))
            update[vector.Name] = new(Weights, 0, ElementType.Float32, [layout.Length]);
        if (options.Optimizer.Slots.Count > 0 || options.Accumulate)
        {
            var zeros = file.AppendZeros(layout.Length * sizeof(float));
            foreach (var slot in options.Optimizer.Slots)
                update[slot] = update[slot] with { Offset = zeros };
            foreach (var accumulator in graphs.Training.Graph.Inputs.Where(v => layout.Parameters.Any(p => TrainingGraphs.Accumulator(p.Name) == v.Name)))
                training[accumulator.Name] = new(Weights, zeros, accumulator.Type, accumulator.KnownShape.Sizes);
        }

        return (training, eval, update, file.Finish());

        IEnumerable<Value> Constants(Model model)
        {
            var parameters = layout.Parameters.Select(p => p.Name).ToHashSet();
            return model.Graph.Initializers.Where(v => v.Initializer!.ByteLength >= InlineBytes && !parameters.Contains(v.Name));
        }
    }

    /// <summary>Gets the SHA-256 of a file, in hexadecimal.</summary>
    internal static string Digest(string path)
    {
        using var file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}
