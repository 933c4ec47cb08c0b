namespace Sema.Onnx.Checkpoints;

/// <summary>A checkpoint or a safetensors file that is missing, damaged, foreign, or could not be written.</summary>
/// <remarks>
/// <see cref="Exception.Message"/> says what is wrong, where, and what to do; it is meant to be shown to a user as it
/// is.
/// A wrong argument of the caller's own (a name twice, a negative step) is an <see cref="ArgumentException"/> instead.
/// </remarks>
public sealed class CheckpointException : IOException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">One sentence: what is wrong, where, and what to do.</param>
    /// <param name="path">The checkpoint or file.</param>
    /// <param name="inner">What was thrown below, if anything.</param>
    /// <param name="fallback">The name of an older checkpoint that is whole, if there is one.</param>
    public CheckpointException(string message, string path, Exception? inner = null, string? fallback = null)
        : base(message, inner)
    {
        Path = path;
        Fallback = fallback;
    }

    /// <summary>The file or folder at fault.</summary>
    public string Path { get; }

    /// <summary>
    /// The newest complete checkpoint that can be loaded instead, as a name for <see cref="CheckpointStore.Load"/>;
    /// null where there is none, or where the failure was not about loading a checkpoint.
    /// </summary>
    public string? Fallback { get; }
}
