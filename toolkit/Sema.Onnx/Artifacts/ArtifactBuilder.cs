using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Artifacts;

/// <summary>Turns a model file into a folder of training graphs that any ONNX Runtime can train from.</summary>
public static class ArtifactBuilder
{
    /// <summary>Reads a model, differentiates it, and writes the folder.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="folder">Where to write; it must not exist, or be empty.</param>
    /// <param name="options">The loss, the optimizer, what is trained.</param>
    /// <param name="inputShape">The input's sizes, batch axis first.</param>
    /// <param name="targetShape">The targets' sizes, batch axis first; <see langword="null"/> for those that the loss implies.</param>
    /// <returns>The parameters' places in the flat vectors.</returns>
    /// <exception cref="InvalidModelException">The model is malformed or cannot be trained as asked.</exception>
    /// <exception cref="Graphs.Autodiff.GradientNotDefinedException">An operator between a weight and the loss has no gradient rule.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static ParameterLayout Build(
        string model, string folder, CompositionOptions options, IReadOnlyList<long> inputShape, IReadOnlyList<long>? targetShape = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"The folder '{folder}' is not empty; name another, or remove it first.");
        var graphs = Compose(model, options, inputShape, targetShape);

        // Written beside, then renamed: a folder under its own name is whole.
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder))!;
        var temporary = Path.Combine(parent, $".{Path.GetFileName(Path.GetFullPath(folder))}.{Guid.NewGuid():N}");
        try
        {
            ArtifactFolder.Write(graphs, options, Path.GetFileName(model), temporary);
            if (Directory.Exists(folder))
                Directory.Delete(folder);
            Directory.Move(temporary, folder);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }

        return graphs.Layout;
    }

    /// <summary>Makes the graphs without writing them.</summary>
    internal static TrainingGraphs Compose(
        string model, CompositionOptions options, IReadOnlyList<long> inputShape, IReadOnlyList<long>? targetShape)
    {
        var graph = ModelReader.Read(model);
        Unbatch(graph, model);
        return new Composer(options, Annotate).Compose(graph, inputShape, targetShape);
    }

    /// <summary>Fills in the types and shapes of all values, as ONNX Runtime knows them.</summary>
    internal static void Annotate(Model model) => ShapeProbe.Annotate(model, new Dictionary<string, long>());

    /// <summary>Lifts a batch size of 1 that the exporter baked in, and checks by running that each sample's result stays.</summary>
    internal static void Unbatch(Model model, string path)
    {
        if (BatchAxis.Lift(model.Graph))
            BatchLiftProof.Check(path, model);
    }
}
