using System.Text.Json;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Training;

/// <summary>One run in a folder of its own.</summary>
internal sealed class TrainingRun : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _model;
    private readonly DataSplit _data;

    internal TrainingRun(Model model, DataSplit data, TrainerOptions options)
    {
        (_data, Options) = (data, options);
        _model = model.Save(_folder);
    }

    internal TrainerOptions Options { get; set; }

    internal RunFolder Folder => new(Path.Combine(_folder.Path, "run"));

    /// <summary>Begins the run and trains, to the end or until it is cancelled.</summary>
    internal TrainingResult Start(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var trainer = Trainer.Start(_model, Folder.Path, _data, Options);
        return trainer.Train(progress, cancellation);
    }

    internal TrainingResult Resume(IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default)
    {
        using var trainer = Trainer.Resume(Folder.Path, _data, Options);
        return trainer.Train(progress, cancellation);
    }

    /// <summary>Trains until the n-th step is done, and goes on no further.</summary>
    internal TrainingResult StartUntil(long step) => Until(step, Start);

    internal TrainingResult ResumeUntil(long step) => Until(step, Resume);

    /// <summary>The names of the checkpoints.</summary>
    internal IReadOnlyList<string> Checkpoints => new CheckpointStore(Folder.Checkpoints).Names();

    /// <summary>All tensors of a checkpoint, by name, as bytes; of the last one unless another is named.</summary>
    internal SortedDictionary<string, byte[]> Tensors(string? name = null)
    {
        var store = new CheckpointStore(Folder.Checkpoints);
        using var checkpoint = name is null ? store.LoadLatest() : store.Load(name);
        return new(checkpoint.Tensors.Tensors.ToDictionary(t => t.Name, t => checkpoint.Tensors.Read(t.Name)), StringComparer.Ordinal);
    }

    /// <summary>One tensor of the last checkpoint.</summary>
    internal float[] Tensor(string name, string? checkpoint = null) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(Tensors(checkpoint)[name]).ToArray();

    /// <summary>The lines of metrics.jsonl of one split.</summary>
    internal IReadOnlyList<JsonElement> Metrics(string split) =>
        [.. File.ReadLines(Folder.Metrics).Select(line => JsonDocument.Parse(line).RootElement).Where(e => e.GetProperty("split").GetString() == split)];

    public void Dispose() => _folder.Dispose();

    private static TrainingResult Until(long step, Func<IProgress<TrainingProgress>?, CancellationToken, TrainingResult> train)
    {
        using var stop = new CancellationTokenSource();
        var result = train(new Listener(p =>
        {
            if (p.Position.Step == step && p.Evaluations is null)
                stop.Cancel();
        }), stop.Token);
        Assert.AreEqual(RunEnd.Interrupted, result.Ended);
        return result;
    }
}

/// <summary>Told at once, on the caller's thread.</summary>
internal sealed class Listener(Action<TrainingProgress> told) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value) => told(value);
}
