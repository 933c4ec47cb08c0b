using System.Runtime.InteropServices;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>Exports a checkpoint of a run as a model file.</summary>
/// <param name="Checkpoint">The checkpoint's name.</param>
/// <param name="Step">The optimizer steps done when it was saved.</param>
/// <param name="Weights">The name of the exported weights: <c>online</c>, <c>ema</c>, ...</param>
/// <param name="Report">What was written, and how it was proven.</param>
public sealed record RunExport(string Checkpoint, long Step, string Weights, ExportReport Report)
{
    private const string Last = "last";

    /// <summary>Writes the model of a run with the weights of one of its checkpoints.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="output">The new .onnx file; one already there is replaced.</param>
    /// <param name="options">Which weights.</param>
    /// <exception cref="CheckpointException">There is no such checkpoint, or it is damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The run has no such weights.</exception>
    /// <exception cref="ExportException">The result is not proven; nothing was written.</exception>
    /// <exception cref="InvalidModelException">The run's model is gone or has changed.</exception>
    /// <exception cref="DataException">The proof's samples do not fit the model.</exception>
    /// <exception cref="IOException">The folder holds no run, or a file cannot be read or written.</exception>
    public static RunExport Export(string folder, string output, RunExportOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var run = new RunFolder(folder);
        var info = run.Read();
        info.CheckModel();
        var manifest = Manifest.Read(run.Artifacts);
        var weights = Chosen(options.Weights, info);

        var store = new CheckpointStore(run.Checkpoints);
        var name = options.Checkpoint is null or RunFolder.Best && store.Names().Contains(RunFolder.Best) ? RunFolder.Best : options.Checkpoint;
        using var checkpoint = name is null or Last ? store.LoadLatest() : store.Load(name);
        var report = ModelExporter.Export(info.Model, run.Artifacts, output, Read(checkpoint, manifest, weights), new()
        {
            Classes = info.Classes,
            Output = info.Output,
            Seed = info.Seed,
            Threads = options.Threads,
            Shadows = info.Averages.Prepend(RunExportOptions.Online).Where(w => options.WithShadow && w != weights).ToDictionary(
                w => w, w => (IReadOnlyDictionary<string, ReadOnlyMemory<float>>)Read(checkpoint, manifest, w)),
        }, Batches(info.Model, manifest, options));
        return new(checkpoint.Name, checkpoint.Step, weights, report);
    }

    private static string Chosen(string? asked, RunInfo info) => asked switch
    {
        null => info.Averages.Count > 0 ? info.Averages[0] : RunExportOptions.Online,
        RunExportOptions.Online => asked,
        RunExportOptions.Averaged when info.Averages.Count > 0 => info.Averages[0],
        _ when info.Averages.Contains(asked) => asked,
        _ => throw new ArgumentOutOfRangeException(nameof(asked), asked,
            $"The run has no weights '{asked}'; it has {string.Join(", ", info.Averages.Prepend(RunExportOptions.Online).Select(n => $"'{n}'"))}. Choose one of them (--weights)."),
    };

    private static Dictionary<string, ReadOnlyMemory<float>> Read(LoadedCheckpoint checkpoint, Manifest manifest, string weights)
    {
        if (weights == RunExportOptions.Online)
            return manifest.Layout.Parameters.ToDictionary(p => p.Name, p => Tensor(RunState.Weights, p));
        var mixture = RunState.Mixture(checkpoint, weights);
        return manifest.Layout.Parameters.ToDictionary(
            p => p.Name, p => (ReadOnlyMemory<float>)Mixtures.Add(mixture, k => Tensor(RunState.Shadow(k), p)));

        ReadOnlyMemory<float> Tensor(string role, Parameter p)
        {
            var name = RunState.TensorName(role, p.Name);
            if (!checkpoint.Tensors.TryGet(name, out var tensor) || tensor!.Type != TensorType.Float32 || tensor.ByteLength != p.Count * sizeof(float))
                throw new CheckpointException($"The checkpoint '{checkpoint.Name}' lacks the tensor '{name}', or has it in another size; it is of another run.", checkpoint.Name);
            return MemoryMarshal.Cast<byte, float>(checkpoint.Tensors.Read(name)).ToArray();
        }
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Batches(string model, Manifest manifest, RunExportOptions options)
    {
        if (options.Proof is null)
            yield break;
        var loader = RunData.For(model, options.Proof, options.Pixels, options.Loss).Evaluation(options.Proof, (int)manifest.Input.Shape[0]);
        foreach (var batch in loader.Evaluation().Take(options.ProofBatches))
        {
            using (batch)
                yield return batch.Input;
        }
    }
}
