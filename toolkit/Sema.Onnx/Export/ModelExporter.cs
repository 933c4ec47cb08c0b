using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Patching;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

/// <summary>Puts trained weights into the original model file, byte for byte the same otherwise, and proves the result.</summary>
public static class ModelExporter
{
    /// <summary>The first version of the file format in which an initializer need not be an input; ONNX Runtime insists on it in older ones.</summary>
    private const int FirstWithFreeInitializers = 4;

    /// <summary>Writes a model with other weights.</summary>
    /// <param name="original">The .onnx file that the training graphs were made from; it is only read.</param>
    /// <param name="artifacts">The folder of training graphs: its manifest tells what the weights are, its <c>eval.onnx</c> what the model must compute.</param>
    /// <param name="output">The new .onnx file, with data files beside it where the original has them. Files already there are replaced.</param>
    /// <param name="weights">The weights by initializer name, row-major: every parameter of the manifest, running statistics included.</param>
    /// <param name="options">A new head, averaged weights to add; <see langword="null"/> for the defaults.</param>
    /// <param name="proof">
    /// Batches to prove the result on: of each of the manifest's inputs, by name, the bytes of exactly one batch. <see langword="null"/>
    /// or none for one batch of seeded noise.
    /// </param>
    /// <returns>What was written and how far its outputs are from those of <c>eval.onnx</c>.</returns>
    /// <exception cref="ExportException">
    /// The weights do not belong to the model, or the result is not proven: it differs in more than it should, does not load, or
    /// computes something else. Nothing was written then.
    /// </exception>
    /// <exception cref="InvalidModelException">The model or the folder of training graphs is malformed.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public static ExportReport Export(
        string original, string artifacts, string output, IReadOnlyDictionary<string, ReadOnlyMemory<float>> weights,
        ExportOptions? options = null, IEnumerable<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>>? proof = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(original);
        ArgumentException.ThrowIfNullOrEmpty(output);
        ArgumentNullException.ThrowIfNull(weights);
        options ??= new();
        var manifest = Manifest.Read(artifacts);
        var model = ModelReader.Read(original);
        if (options.Shadows.Count > 0 && model.IrVersion < FirstWithFreeInitializers)
        {
            throw new ExportException(
                $"'{original}' is of IR version {model.IrVersion}, where every initializer must be an input as well, so averaged weights cannot be added beside its own; export without them.");
        }

        var (patch, stored) = WeightPatch.Build(model, manifest, weights, options);
        using var staged = new StagedModel(original, output);
        try
        {
            ModelPatcher.Patch(original, staged.Path, patch);
            Check(original, staged.Path, patch);

            var eval = Path.Combine(artifacts, ArtifactFolder.Eval);
            var report = Prove(staged.Path, eval, manifest, stored, proof ?? [], options) with
            {
                ChangedTensors = patch.Tensors.Count,
                ChangedBytes = patch.Tensors.Values.Sum(t => (long)t.Data.Length),
                AddedTensors = patch.AddedInitializers.Count,
            };
            return report with { Path = staged.Commit(), Size = staged.Size };
        }
        catch (ModelPatchException e)
        {
            throw new ExportException(e.Message, e);
        }
        catch (RuntimeException e)
        {
            throw new ExportException($"The exported model was not proven and is not kept. {e.Message.Replace(staged.Path, output, StringComparison.Ordinal)}", e);
        }
    }

    // The part of the report that is measured. For a few batches, weights are not packed: that takes the model's size once more.
    private static ExportReport Prove(
        string path, string eval, Manifest manifest, IReadOnlyDictionary<string, ReadOnlyMemory<float>> weights,
        IEnumerable<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> batches, ExportOptions options)
    {
        using var model = new ProvenModel(path, options.Threads);
        using var theirs = new Session(eval, new SessionSettings { Threads = options.Threads, Prepacking = false });
        using var comparison = new OutputComparison(model.Session, theirs, manifest, weights);
        foreach (var batch in batches)
            comparison.Run(batch);
        var input = comparison.Samples > 0 ? "data" : "random";
        if (comparison.Samples == 0)
            comparison.Run(RandomBatch.Draw(manifest.Inputs));
        var tolerance = options.Tolerance ?? model.Tolerance;
        comparison.Check(tolerance);
        return new(path, 0, 0, 0, 0, SignatureMatches: true, comparison.MaxAbsolute, comparison.MaxRelative, tolerance, model.ComputesIn,
            comparison.Samples, input, comparison.SampleBySample, model.IsUpgraded);
    }

    /// <summary>Checks what was written, read back with its data files, against the original and the patch.</summary>
    /// <exception cref="ExportException">It is not what it should be.</exception>
    internal static void Check(string original, string path, ModelPatch patch)
    {
        if (PatchCheck.Difference(original, path, patch) is { } part)
            throw new ExportException($"The exported model differs from '{original}' in its {part}, which no training changes; this is a fault of the exporter.");
        var graph = ModelReader.Read(path).Graph;
        HoistConstants.Run(graph);
        foreach (var (name, tensor) in patch.Tensors)
        {
            if (graph.Find(name)?.Initializer is not { } written || !written.IsSame(new(written.Type, [.. tensor.Dims], tensor.Data)))
                throw new ExportException($"The exported model does not hold the tensor '{name}' that was written to it; this is a fault of the exporter.");
        }
    }
}
