namespace Sema.Onnx.Metrics;

/// <summary>Writes the metrics of a run as an event file that TensorBoard shows: a scalar <c>split/name</c> for each
/// value.</summary>
/// <remarks>
/// The file is <c>events.out.tfevents.&lt;Unix seconds&gt;.&lt;host&gt;</c>, a new one for each writer; TensorBoard
/// reads all those of a folder. Values are stored as float32, NaN and infinities as such. Not safe for several threads
/// at once.
/// </remarks>
public sealed class TensorBoardWriter : IDisposable
{
    private readonly FileStream _file;
    private readonly TimeProvider _time;

    /// <summary>Starts an event file for a new run, or for one that is resumed.</summary>
    /// <param name="folder">The folder; made if it does not exist.</param>
    /// <param name="resumedAt">S, the steps done at the checkpoint of a resumed run: TensorBoard then hides what
    /// earlier files of the folder hold for later steps. <see langword="null"/> for a new run.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="resumedAt"/> is negative.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public TensorBoardWriter(string folder, long? resumedAt = null)
        : this(folder, resumedAt, Environment.MachineName, TimeProvider.System)
    {
    }

    internal TensorBoardWriter(string folder, long? resumedAt, string host, TimeProvider time)
    {
        if (resumedAt < 0)
            throw new ArgumentOutOfRangeException(nameof(resumedAt), resumedAt, "The steps done must not be negative.");
        Directory.CreateDirectory(folder);
        _time = time;
        Path = FreePath(folder, $"events.out.tfevents.{time.GetUtcNow().ToUnixTimeSeconds():D10}.{FileNamePart(host)}");
        _file = new FileStream(Path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        TfRecord.Write(_file, TensorBoardEvent.FileVersion(Now));
        if (resumedAt is { } step)
            TfRecord.Write(_file, TensorBoardEvent.SessionStart(Now, step + 1));
    }

    /// <summary>Gets the path of the event file.</summary>
    public string Path { get; }

    private double Now => _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Appends the values of an entry as one event, handed to the system at once.</summary>
    /// <param name="entry">The entry; its epoch is not stored.</param>
    /// <exception cref="IOException">The event cannot be written.</exception>
    public void Write(MetricsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        TfRecord.Write(_file, TensorBoardEvent.Scalars(Now, entry));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    private static string FileNamePart(string host)
    {
        var part = string.Concat(host.Take(64).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_'));
        return part.Length > 0 ? part : "localhost";
    }

    private static string FreePath(string folder, string name)
    {
        var path = System.IO.Path.Combine(folder, name);
        for (var i = 1; File.Exists(path); i++)
            path = System.IO.Path.Combine(folder, $"{name}.{i}");
        return path;
    }
}
