using System.Text.Json.Nodes;

namespace Sema.Onnx.Checkpoints;

/// <summary>Small checkpoints whose content tells which one they are.</summary>
internal static class Samples
{
    /// <summary>The tensor <c>w</c>, U8 [4], and the state's <c>mark</c> both hold the mark.</summary>
    internal static Checkpoint Marked(long step, byte mark) => new(
        step,
        new JsonObject { ["mark"] = mark },
        [new TensorEntry("w", TensorType.UInt8, [4], new[] { mark, mark, mark, mark })]);

    /// <summary>The mark, read from both places.</summary>
    internal static byte MarkOf(LoadedCheckpoint loaded)
    {
        var mark = (byte)loaded.State["mark"]!;
        CollectionAssert.AreEqual(new[] { mark, mark, mark, mark }, loaded.Tensors.Read("w"));
        return mark;
    }

    internal static byte LatestMark(CheckpointStore store)
    {
        using var latest = store.LoadLatest();
        return MarkOf(latest);
    }

    internal static byte MarkOf(CheckpointStore store, string name)
    {
        using var loaded = store.Load(name);
        return MarkOf(loaded);
    }
}
