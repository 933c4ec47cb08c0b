using System.Globalization;
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
    /// <exception cref="ArgumentException">Batch-norm statistics are to be computed anew without training data.</exception>
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

        if (Width(weights) is { } width)
        {
            var (made, step) = new AverageRecords(run).Synthesize(width, manifest);
            SynthesizedStatistics.Replace(made, run, info, manifest, options);
            return new("records", step, weights, Write(made, new Dictionary<string, IReadOnlyDictionary<string, ReadOnlyMemory<float>>>()));
        }

        var store = new CheckpointStore(run.Checkpoints);
        var name = options.Checkpoint is null or RunFolder.Best && store.Names().Contains(RunFolder.Best) ? RunFolder.Best : options.Checkpoint;
        using var checkpoint = name is null or Last ? store.LoadLatest() : store.Load(name);
        return new(checkpoint.Name, checkpoint.Step, weights, Write(Read(checkpoint, manifest, weights), info.Averages.Prepend(RunExportOptions.Online).Where(w => options.WithShadow && w != weights).ToDictionary(
            w => w, w => (IReadOnlyDictionary<string, ReadOnlyMemory<float>>)Read(checkpoint, manifest, w))));

        ExportReport Write(
            IReadOnlyDictionary<string, ReadOnlyMemory<float>> values, IReadOnlyDictionary<string, IReadOnlyDictionary<string, ReadOnlyMemory<float>>> shadows) =>
            ModelExporter.Export(info.Model, run.Artifacts, output, values, new()
            {
                Classes = info.Classes,
                Output = info.Output,
                Seed = info.Seed,
                Threads = options.Threads,
                Shadows = shadows,
            }, Batches(info.Model, manifest, options));
    }

    // posthoc:0.08 asks for the average of width 0.08, made of those on record.
    private static double? Width(string weights) => !weights.StartsWith(RunExportOptions.PostHoc, StringComparison.Ordinal) ? null
        : double.TryParse(weights.AsSpan(RunExportOptions.PostHoc.Length), NumberStyles.Float, CultureInfo.InvariantCulture, out var width) ? width
        : throw new ArgumentOutOfRangeException(nameof(weights), weights, $"'{weights}' names no width; write one in (0, 0.2886], such as {RunExportOptions.PostHoc}0.1.");

    private static string Chosen(string? asked, RunInfo info) => asked switch
    {
        null => info.Averages.Count > 0 ? info.Averages[0] : RunExportOptions.Online,
        RunExportOptions.Online => asked,
        RunExportOptions.Averaged when info.Averages.Count > 0 => info.Averages[0],
        _ when info.Averages.Contains(asked) || asked.StartsWith(RunExportOptions.PostHoc, StringComparison.Ordinal) => asked,
        _ => throw new ArgumentOutOfRangeException(nameof(asked), asked,
            $"The run has no weights '{asked}'; it has {string.Join(", ", info.Averages.Prepend(RunExportOptions.Online).Select(n => $"'{n}'"))}. Choose one of them (--weights)."),
    };

    // Read from the checkpoint when they are asked for: who exports a large model need not hold it.
    private static DeferredWeights Read(LoadedCheckpoint checkpoint, Manifest manifest, string weights)
    {
        var mixture = weights == RunExportOptions.Online ? null : RunState.Mixture(checkpoint, weights);
        var parameters = manifest.Layout.Parameters.ToDictionary(p => p.Name);
        string[] roles = mixture is null ? [RunState.Weights] : [.. mixture.Select(p => RunState.Shadow(p.Shadow))];
        foreach (var parameter in parameters.Values)
        {
            foreach (var role in roles)
                RunState.Check(checkpoint, role, parameter);
        }

        // An average's batch-norm statistics may be computed anew, or the trained weights'.
        var (recomputed, copies) = (RunState.RecomputedFor(weights), RunState.CopiesStatistics(checkpoint));
        var statistics = manifest.RunningStatistics.Select(p => p.Name).ToHashSet();
        return new(parameters.Keys, name => mixture is null || (copies && statistics.Contains(name))
            ? RunState.Read(checkpoint, RunState.Weights, parameters[name])
            : RunState.Has(checkpoint, recomputed, name) ? RunState.Read(checkpoint, recomputed, parameters[name])
            : Mixtures.Add(mixture, k => RunState.Read(checkpoint, RunState.Shadow(k), parameters[name])));
    }

    private static IEnumerable<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> Batches(string model, Manifest manifest, RunExportOptions options)
    {
        if (options.Proof is null)
            yield break;
        var loader = RunData.For(model, options.Proof, options.Pixels, options.Loss).Evaluation(options.Proof, (int)manifest.Target.Shape[0]);
        foreach (var batch in loader.Evaluation().Take(options.ProofBatches))
        {
            using (batch)
                yield return batch.Inputs.ToDictionary(i => i.Key, i => (ReadOnlyMemory<byte>)i.Value);
        }
    }
}
