using Sema.Onnx.Checkpoints.Safetensors;

namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>The two files of one checkpoint: <c>tensors.safetensors</c> and <c>state.json</c>.</summary>
internal static class CheckpointFolder
{
    internal const string TensorsName = "tensors.safetensors";
    internal const string StateName = "state.json";

    internal static void Write(string folder, SafetensorsContent tensors, byte[] state, Action<SaveStage> reached)
    {
        FileReplacement.WriteDurably(Path.Combine(folder, TensorsName), stream => tensors.WriteTo(stream.Write));
        reached(SaveStage.TensorsWritten);
        FileReplacement.WriteDurably(Path.Combine(folder, StateName), stream => stream.Write(state));
        reached(SaveStage.StateWritten);
    }

    /// <exception cref="CheckpointException">The checkpoint is damaged, foreign or incomplete.</exception>
    internal static LoadedCheckpoint Read(string folder, string name)
    {
        var state = ReadState(Path.Combine(folder, StateName), name);
        var tensors = new ReadOnlyFile(Path.Combine(folder, TensorsName));
        try
        {
            if (tensors.Length != state.TensorsLength || Digest.Of(tensors.ReadAll) != state.TensorsDigest)
                throw new CheckpointException(
                    $"'{tensors.Path}' was changed or cut short since the checkpoint was saved: "
                        + $"its length or SHA-256 is not what {StateName} says.",
                    tensors.Path);
        }
        catch
        {
            tensors.Dispose();
            throw;
        }

        return new LoadedCheckpoint(name, state.Step, state.State, SafetensorsFile.Open(tensors));
    }

    private static StateFile ReadState(string path, string name)
    {
        using var file = new ReadOnlyFile(path);
        try
        {
            if (file.Length > StateFile.MaxLength)
                throw new FormatException($"it has {file.Length} bytes, more than the {StateFile.MaxLength} allowed");
            var bytes = new byte[file.Length];
            file.Read(0, bytes);
            var state = StateFile.Parse(bytes);
            return CheckpointName.TryGetStep(name, out var step) && step != state.Step
                ? throw new FormatException($"it belongs to step {state.Step}, not to the folder '{name}'")
                : state;
        }
        catch (FormatException e)
        {
            throw new CheckpointException($"'{path}' cannot be used: {e.Message}.", path, e);
        }
    }
}
