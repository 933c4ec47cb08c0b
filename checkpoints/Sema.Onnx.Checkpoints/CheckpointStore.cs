using Sema.Onnx.Checkpoints.Safetensors;
using Sema.Onnx.Checkpoints.Storage;

namespace Sema.Onnx.Checkpoints;

/// <summary>The checkpoints of a run, each a folder of its own: of steps (<c>step-000000123</c>) and named ones
/// (<c>best</c>).</summary>
/// <remarks>
/// Killed at any instant, a save leaves every checkpoint that was complete before it; what it left half-done is removed
/// when the
/// store is next opened or saved to. One saver at a time; any number of readers. The format is in FORMAT.md.
/// </remarks>
public sealed class CheckpointStore
{
    private readonly StoreFolder _folder;

    /// <summary>Opens a store.</summary>
    /// <param name="folder">The folder of the checkpoints; created by the first save if it does not exist.</param>
    /// <param name="keep">How many checkpoints of steps to keep, 1 or more; older ones go once a newer one is in place.
    /// Named ones stay.</param>
    /// <exception cref="ArgumentException">The folder is empty, or <paramref name="keep"/> is below 1.</exception>
    public CheckpointStore(string folder, int keep = 3)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        Folder = Path.GetFullPath(folder);
        Keep = keep;
        _folder = new StoreFolder(Folder);
        StoreLock.CleanUpUnlessBusy(_folder);
    }

    /// <summary>The folder of the checkpoints, as a full path.</summary>
    public string Folder { get; }

    /// <summary>How many checkpoints of steps are kept.</summary>
    public int Keep { get; }

    /// <summary>Called at each state that a save leaves on disk.</summary>
    internal Action<SaveStage> Reached { get; init; } = _ => { };

    /// <summary>The names of the checkpoints: those of steps, earliest first, then the named ones in alphabetical
    /// order.</summary>
    /// <returns>The names; none where the folder does not exist. Whether each can be loaded is not checked.</returns>
    public IReadOnlyList<string> Names() => _folder.Names();

    /// <summary>Saves a checkpoint of a step, then deletes the oldest of those before it, down to
    /// <see cref="Keep"/>.</summary>
    /// <param name="checkpoint">What to save; one of the same step is replaced.</param>
    /// <returns>The checkpoint's name, such as <c>step-000000123</c>.</returns>
    /// <remarks>Checkpoints of later steps are neither counted nor deleted: see <see cref="DiscardAfter"/>.</remarks>
    /// <exception cref="ArgumentException">The step is negative, a tensor's name occurs twice, or the state has no form
    /// in JSON.</exception>
    /// <exception cref="CheckpointException">It could not be written; the checkpoints saved before are
    /// untouched.</exception>
    public string Save(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var name = CheckpointName.OfStep(checkpoint.Step);
        Put(name, checkpoint, thenPrune: true);
        return name;
    }

    /// <summary>Saves a checkpoint under a name of its own, such as <c>best</c>, which stays until it is saved
    /// again.</summary>
    /// <param name="checkpoint">What to save; one of the same name is replaced.</param>
    /// <param name="name">Lower-case letters, digits, <c>-</c> and <c>_</c>, at most 64, not beginning with <c>-</c>,
    /// <c>_</c> or <c>step-</c>.</param>
    /// <exception cref="ArgumentException">As for <see cref="Save(Checkpoint)"/>, or the name is not
    /// allowed.</exception>
    /// <exception cref="CheckpointException">It could not be written; the checkpoints saved before are
    /// untouched.</exception>
    public void Save(Checkpoint checkpoint, string name)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        ArgumentNullException.ThrowIfNull(name);
        if (!CheckpointName.IsWord(name))
            throw new ArgumentException(
                $"{Quote.Text(name)} cannot name a checkpoint: use {CheckpointName.Rule}.",
                nameof(name));
        Put(name, checkpoint, thenPrune: false);
    }

    /// <summary>Loads the checkpoint of the latest step; named ones are not considered.</summary>
    /// <returns>The verified checkpoint; dispose of it when its tensors have been read.</returns>
    /// <exception cref="CheckpointException">
    /// There is none, or it is damaged, foreign or of a newer format; <see cref="CheckpointException.Fallback"/> then
    /// names the newest complete one.
    /// </exception>
    public LoadedCheckpoint LoadLatest() =>
        _folder.Steps() is [.., var latest]
            ? Load(CheckpointName.OfStep(latest))
            : throw new CheckpointException(
                $"There is no checkpoint of a step in '{Folder}'; it holds {Contents()}. Check the folder, or "
                    + "start the run anew.",
                Folder);

    /// <summary>Loads a checkpoint by its name.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>The verified checkpoint; dispose of it when its tensors have been read.</returns>
    /// <exception cref="CheckpointException">As for <see cref="LoadLatest"/>.</exception>
    public LoadedCheckpoint Load(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!Names().Contains(name))
            throw new CheckpointException(
                $"There is no checkpoint {Quote.Text(name)} in '{Folder}'; it holds {Contents()}. Choose one of "
                    + "those.",
                Folder);
        try
        {
            return CheckpointFolder.Read(_folder.PathOf(name), name);
        }
        catch (CheckpointException e)
        {
            var fallback = NewestComplete(before: CheckpointName.TryGetStep(name, out var step) ? step : long.MaxValue);
            var advice = fallback is null
                ? $"No older complete checkpoint is left in '{Folder}': start the run anew."
                : $"The newest complete checkpoint of a step before it is '{fallback}': load that one by its name to "
                    + "go on from there.";
            throw new CheckpointException($"{e.Message} {advice}", e.Path, e, fallback);
        }
    }

    /// <summary>Deletes the checkpoints of later steps, for a run that goes on from an earlier one.</summary>
    /// <param name="step">The latest step to keep.</param>
    /// <remarks>Without this, <see cref="LoadLatest"/> would return to the future that was abandoned. Named checkpoints
    /// stay.</remarks>
    /// <exception cref="CheckpointException">They could not be deleted.</exception>
    public void DiscardAfter(long step) =>
        StoreLock.Hold(_folder, $"The checkpoints after step {step} could not be deleted from '{Folder}'", () =>
        {
            foreach (var later in _folder.Steps().Where(other => other > step).Reverse())
                _folder.Delete(CheckpointName.OfStep(later), Reached);
        });

    private void Put(string name, Checkpoint checkpoint, bool thenPrune)
    {
        if (checkpoint.Step < 0)
            throw new ArgumentException(
                $"The checkpoint's step is {checkpoint.Step}: steps count from 0.",
                nameof(checkpoint));
        var tensors = new SafetensorsContent(checkpoint.Tensors, metadata: null);
        var digest = Digest.Of(tensors.WriteTo);
        var state = new StateFile(checkpoint.Step, tensors.Length, digest, checkpoint.State).ToBytes();
        StoreLock.Hold(_folder, $"Checkpoint '{name}' could not be saved in '{Folder}'", () =>
        {
            var folder = _folder.CreateNew(name);
            Reached(SaveStage.FolderCreated);
            CheckpointFolder.Write(folder, tensors, state, Reached);
            _folder.PutInPlace(name, Reached);
            if (thenPrune)
                Prune(checkpoint.Step);
        });
    }

    private void Prune(long upTo)
    {
        try
        {
            foreach (var surplus in _folder.Steps().Where(step => step <= upTo).SkipLast(Keep))
                _folder.Delete(CheckpointName.OfStep(surplus), Reached);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The new checkpoint is in place, which is what the caller asked for; the next save counts and deletes
            // anew.
        }
    }

    private string? NewestComplete(long before)
    {
        foreach (var name in _folder.Steps().Where(step => step < before).Reverse().Select(CheckpointName.OfStep))
        {
            try
            {
                CheckpointFolder.Read(_folder.PathOf(name), name).Dispose();
                return name;
            }
            catch (CheckpointException)
            {
                // Damaged as well: the next older one may not be.
            }
        }

        return null;
    }

    private string Contents() => Names() is { Count: > 0 } names ? string.Join(", ", names) : "none at all";
}
