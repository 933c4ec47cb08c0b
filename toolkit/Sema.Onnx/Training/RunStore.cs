using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Sema.Onnx.Checkpoints;

namespace Sema.Onnx.Training;

/// <summary>What a run keeps on disk of its engine: checkpoints, and the averages put on record.</summary>
/// <param name="run">The run's folder.</param>
/// <param name="engine">What trains.</param>
/// <param name="options">The run's options.</param>
/// <param name="length">How long it is.</param>
/// <param name="identity">What its bits depend on, besides where it stands.</param>
/// <param name="logger">Where to log.</param>
internal sealed class RunStore(RunFolder run, Engine engine, TrainerOptions options, TrainingLength length, JsonObject identity, ILogger logger)
{
    private readonly CheckpointStore _checkpoints = new(run.Checkpoints, options.Keep);
    private readonly AverageRecords _records = new(run);

    /// <summary>Writes a checkpoint of a state of the engine, under its step.</summary>
    internal void Save(RunState state)
    {
        var name = _checkpoints.Save(Checkpoint(state));
        Log.Saved(logger, name, state.Step);
    }

    /// <summary>Writes a checkpoint of a state of the engine as the best one.</summary>
    internal void SaveBest(RunState state) => _checkpoints.Save(Checkpoint(state), RunFolder.Best);

    /// <summary>Puts the averages on record.</summary>
    internal void Record(long step) => _records.Add(step, engine, options.Averaging);

    /// <summary>Puts the engine where the last checkpoint left it.</summary>
    internal RunState LoadLast()
    {
        using var checkpoint = _checkpoints.LoadLatest();
        return RunState.Restore(checkpoint, engine, identity);
    }

    /// <summary>Puts the engine where the best checkpoint left it.</summary>
    internal RunState LoadBest()
    {
        using var checkpoint = _checkpoints.Load(RunFolder.Best);
        return RunState.Restore(checkpoint, engine, identity);
    }

    /// <summary>Takes the run up at its last checkpoint, if there is one, and forgets what was written after it.</summary>
    internal RunState Resume()
    {
        if (!_checkpoints.Names().Any(n => n != RunFolder.Best))
            return new RunState();
        var state = LoadLast();
        _checkpoints.DiscardAfter(state.Step);
        _records.DiscardAfter(state.Step);
        return state;
    }

    private Checkpoint Checkpoint(RunState state)
    {
        var (at, averaging) = (length.After(state.Step), options.AllAveraging);
        return state.ToCheckpoint(engine, identity, averaging.Averages.Select((average, k) => (average, averaging.Mixture(k, at))));
    }
}
