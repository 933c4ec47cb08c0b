using Sema.Onnx.Export;
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
    /// <param name="inputShapes">The sizes of each input, by its name.</param>
    /// <param name="targetShape">The targets' sizes, batch axis first; <see langword="null"/> for those that the loss implies.</param>
    /// <returns>The parameters' places in the flat vectors.</returns>
    /// <exception cref="InvalidModelException">The model is malformed or cannot be trained as asked.</exception>
    /// <exception cref="Graphs.Autodiff.GradientNotDefinedException">An operator between a weight and the loss has no gradient rule.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static ParameterLayout Build(
        string model, string folder, CompositionOptions options, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes, IReadOnlyList<long>? targetShape = null)
    {
        ArgumentNullException.ThrowIfNull(inputShapes);
        return Build(model, folder, options, _ => inputShapes, targetShape);
    }

    /// <summary>Reads a model of one input, differentiates it, and writes the folder.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="folder">Where to write; it must not exist, or be empty.</param>
    /// <param name="options">The loss, the optimizer, what is trained.</param>
    /// <param name="inputShape">The input's sizes, batch axis first.</param>
    /// <param name="targetShape">The targets' sizes, batch axis first; <see langword="null"/> for those that the loss implies.</param>
    /// <returns>The parameters' places in the flat vectors.</returns>
    /// <exception cref="InvalidModelException">The model is malformed, has several inputs, or cannot be trained as asked.</exception>
    /// <exception cref="Graphs.Autodiff.GradientNotDefinedException">An operator between a weight and the loss has no gradient rule.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static ParameterLayout Build(
        string model, string folder, CompositionOptions options, IReadOnlyList<long> inputShape, IReadOnlyList<long>? targetShape = null)
    {
        ArgumentNullException.ThrowIfNull(inputShape);
        return Build(model, folder, options, graph => Composer.OneShape(graph, inputShape), targetShape);
    }

    private static ParameterLayout Build(
        string model, string folder, CompositionOptions options, Func<Graph, IReadOnlyDictionary<string, IReadOnlyList<long>>> inputShapes, IReadOnlyList<long>? targetShape)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new IOException($"The folder '{folder}' is not empty; name another, or remove it first.");
        var graphs = Compose(model, options, inputShapes, targetShape);

        // Written beside, then renamed: a folder under its own name is whole.
        using var staging = new StagingFolder(Path.GetFullPath(folder));
        ArtifactFolder.Write(graphs, options, Path.GetFileName(model), staging.Path);
        if (Directory.Exists(folder))
            Directory.Delete(folder);
        Directory.Move(staging.Path, folder);
        return graphs.Layout;
    }

    /// <summary>Makes the graphs without writing them.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="options">The loss, the optimizer, what is trained.</param>
    /// <param name="inputShapes">Gets the sizes of each input of the model.</param>
    /// <param name="targetShape">The targets' sizes; <see langword="null"/> for those that the loss implies.</param>
    internal static TrainingGraphs Compose(
        string model, CompositionOptions options, Func<Graph, IReadOnlyDictionary<string, IReadOnlyList<long>>> inputShapes, IReadOnlyList<long>? targetShape)
    {
        var read = ModelReader.Read(model);
        var shapes = inputShapes(read.Graph);
        Unbatch(read, model, shapes);
        return new Composer(options, Annotate).Compose(read, shapes, targetShape);
    }

    /// <summary>Fills in the types and shapes of all values, as ONNX Runtime knows them.</summary>
    internal static void Annotate(Model model) => ShapeProbe.Annotate(model, new Dictionary<string, long>());

    /// <summary>Lifts a batch size of 1 that the exporter baked in where larger batches are asked for, and checks by running that each sample's result stays.</summary>
    /// <param name="model">The model; it is changed.</param>
    /// <param name="path">Its file.</param>
    /// <param name="inputShapes">The sizes that are asked for.</param>
    /// <exception cref="InvalidModelException">The results change.</exception>
    internal static void Unbatch(Model model, string path, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes)
    {
        var batched = Composer.Inputs(model.Graph).Where(v => inputShapes.TryGetValue(v.Name, out var shape) && shape is [not 1, ..]).ToList();
        if (batched.Count > 0)
            OldOpset.Upgrade(model);   // where Reshape keeps its sizes in an attribute
        if (BatchAxis.Lift(model.Graph, batched))
            BatchLiftProof.Check(path, model, batched);
    }
}
