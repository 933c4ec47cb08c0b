using Sema.Onnx.Checkpoints;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>The batch-norm statistics of an average that is made of a run's records after the run, where batch normalisation was live.</summary>
internal static class SynthesizedStatistics
{
    /// <summary>Puts them in the place of those that were averaged along with the weights.</summary>
    /// <param name="weights">The average, by parameter.</param>
    /// <param name="run">The run.</param>
    /// <param name="info">What it is of.</param>
    /// <param name="manifest">Its parameters.</param>
    /// <param name="options">Where the statistics come from, and the training data.</param>
    /// <exception cref="ArgumentException">They are to be computed anew, and there are no training data.</exception>
    internal static void Replace(Dictionary<string, ReadOnlyMemory<float>> weights, RunFolder run, RunInfo info, Manifest manifest, RunExportOptions options)
    {
        var asked = options.Statistics ?? (options.Training is null ? AverageStatistics.Average : AverageStatistics.Recompute);
        if (manifest.Statistics.Count == 0 || asked == AverageStatistics.Average)
            return;
        foreach (var (name, values) in asked == AverageStatistics.Copy ? OfTrainedWeights(run, manifest) : Recomputed(weights, run, info, manifest, options))
            weights[name] = values;
    }

    private static Dictionary<string, float[]> OfTrainedWeights(RunFolder run, Manifest manifest)
    {
        using var checkpoint = new CheckpointStore(run.Checkpoints).LoadLatest();
        return manifest.RunningStatistics.ToDictionary(p => p.Name, p => RunState.Read(checkpoint, RunState.Weights, p));
    }

    private static IReadOnlyDictionary<string, float[]> Recomputed(
        Dictionary<string, ReadOnlyMemory<float>> weights, RunFolder run, RunInfo info, Manifest manifest, RunExportOptions options)
    {
        if (options.Training is not { } data)
            throw new ArgumentException($"Batch-norm statistics are computed anew on the training data; give them ({nameof(RunExportOptions)}.{nameof(RunExportOptions.Training)}).", nameof(options));
        manifest.CheckFiles(run.Artifacts);
        var settings = new SessionSettings { Threads = options.Threads };
        using var arena = new Arena(settings.Device, manifest.Layout.Length);
        foreach (var parameter in manifest.Layout.Parameters)
            arena.CopyFrom(weights[parameter.Name].Span, parameter.Offset);
        var loader = RunData.For(info.Model, data, options.Pixels, options.Loss).Training(
            data, new() { BatchSize = (int)manifest.Target.Shape[0], Seed = info.Seed, Augmentation = options.Augmentation });
        using var pass = new StatisticsPass(run.Artifacts, manifest, settings, loader);
        return pass.Run(arena, default);
    }
}
