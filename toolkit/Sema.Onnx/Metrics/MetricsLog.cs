using System.Buffers;
using System.Text.Json;

namespace Sema.Onnx.Metrics;

/// <summary>The metrics of a run as a text file, <c>metrics.jsonl</c>: one JSON object a line, handed to the system as
/// it is written.</summary>
/// <remarks>
/// A line holds <c>step</c>, <c>epoch</c> and <c>split</c>, then the values in the entry's order, as shortest exact
/// decimals: <c>{"step":10,"epoch":1,"split":"train","loss":0.25}</c>. JSON has no NaN and no infinity: both are
/// written as <c>null</c>, so that a column of numbers stays one for every reader. Not safe for several threads at
/// once.
/// </remarks>
public sealed class MetricsLog : IDisposable
{
    private readonly ArrayBufferWriter<byte> _line = new();
    private readonly FileStream _file;

    private MetricsLog(FileStream file) => _file = file;

    /// <summary>Starts the log of a new run.</summary>
    /// <param name="path">The file, in a folder that exists; UTF-8.</param>
    /// <returns>The log, empty.</returns>
    /// <exception cref="IOException">The file exists already, or cannot be written.</exception>
    public static MetricsLog Create(string path) => new(Open(path, FileMode.CreateNew));

    /// <summary>Goes on with the log of a run that is resumed from a checkpoint.</summary>
    /// <param name="path">The file; one that does not exist is started.</param>
    /// <param name="step">S, the optimizer steps done at the checkpoint.</param>
    /// <returns>The log, holding the lines up to step S.</returns>
    /// <remarks>
    /// Lines of later steps, which the resumed run writes again, are dropped, and so is what is no entry, such as the
    /// half line of a killed run. The kept lines are written to a sibling file first, which is then renamed: killed at
    /// any instant, nothing is lost.
    /// </remarks>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static MetricsLog Resume(string path, long step)
    {
        if (File.Exists(path))
            DropLinesAfter(path, step);
        return new(Open(path, FileMode.Append));
    }

    /// <summary>Appends an entry as one line.</summary>
    /// <param name="entry">The entry.</param>
    /// <exception cref="IOException">The line cannot be written.</exception>
    public void Write(MetricsEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            json.WriteNumber(MetricsEntry.StepName, entry.Step);
            json.WriteNumber(MetricsEntry.EpochName, entry.Epoch);
            json.WriteString(MetricsEntry.SplitName, entry.Split);
            foreach (var (name, value) in entry.Values)
            {
                if (double.IsFinite(value))
                    json.WriteNumber(name, value);
                else
                    json.WriteNull(name);
            }
            json.WriteEndObject();
        }
        _line.Write("\n"u8);
        _file.Write(_line.WrittenSpan);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();

    // No buffer: a line is with the system once it is written, so that the end of the process loses none.
    private static FileStream Open(string path, FileMode mode) =>
        new(path, mode, FileAccess.Write, FileShare.Read, bufferSize: 0);

    private static void DropLinesAfter(string path, long step)
    {
        var sibling = path + ".tmp";
        using (var file = new FileStream(sibling, FileMode.Create, FileAccess.Write))
        {
            using (var writer = new StreamWriter(file, leaveOpen: true) { NewLine = "\n" })
            {
                foreach (var line in File.ReadLines(path).Where(line => StepOf(line) <= step))
                    writer.WriteLine(line);
            }
            file.Flush(flushToDisk: true);
        }
        File.Move(sibling, path, overwrite: true);
    }

    /// <summary>Reads the step of a line; <see langword="null"/> if the line is no entry.</summary>
    private static long? StepOf(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty(MetricsEntry.StepName, out var step)
                && step.ValueKind == JsonValueKind.Number
                && step.TryGetInt64(out var value) ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
