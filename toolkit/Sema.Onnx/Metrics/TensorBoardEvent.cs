namespace Sema.Onnx.Metrics;

/// <summary>The three kinds of TensorBoard's <c>Event</c> message that a run needs, as protobuf bytes.</summary>
/// <remarks>
/// Source: tensorboard/compat/proto/event.proto and summary.proto. <c>Event</c>: wall_time = 1 (double, Unix seconds),
/// step = 2 (int64), file_version = 3 (string), summary = 5, session_log = 7. <c>Summary</c>: value = 1, with tag = 1
/// (string) and simple_value = 2 (float). <c>SessionLog</c>: status = 1, START being 1.
/// </remarks>
internal static class TensorBoardEvent
{
    /// <summary>The first event of a file.</summary>
    public static byte[] FileVersion(double wallTime) => new ProtobufMessage()
        .Double(1, wallTime)
        .String(3, "brain.Event:2")
        .ToArray();

    /// <summary>The start of a resumed run, whose first step is given: the reader drops what it knows of that step and
    /// later ones.</summary>
    public static byte[] SessionStart(double wallTime, long step) => new ProtobufMessage()
        .Double(1, wallTime)
        .Int64(2, step)
        .Message(7, new ProtobufMessage().Int64(1, 1))
        .ToArray();

    /// <summary>The values of an entry, each under the tag <c>split/name</c>.</summary>
    public static byte[] Scalars(double wallTime, MetricsEntry entry)
    {
        var summary = new ProtobufMessage();
        foreach (var (name, value) in entry.Values)
            summary.Message(1, new ProtobufMessage().String(1, $"{entry.Split}/{name}").Float(2, (float)value));
        return new ProtobufMessage().Double(1, wallTime).Int64(2, entry.Step).Message(5, summary).ToArray();
    }
}
