namespace Sema.Onnx.Checkpoints;

[TestClass]
public sealed class TensorEntryTests
{
    [TestMethod]
    [DataRow("__metadata__", new long[] { 2 }, 2, DisplayName = "the reserved name")]
    [DataRow("w", new long[] { -2 }, 2, DisplayName = "a negative dimension")]
    [DataRow("w", new long[] { -1, -2 }, 2, DisplayName = "two negative dimensions")]
    [DataRow("w", new long[] { 3 }, 2, DisplayName = "too few bytes")]
    [DataRow("w", new long[] { }, 2, DisplayName = "too many bytes")]
    [DataRow("w", new long[] { 0 }, 2, DisplayName = "bytes where there are no elements")]
    [DataRow("w", new[] { long.MaxValue, 2 }, 2, DisplayName = "an overflowing shape")]
    [DataRow("w", new[] { 1L << 32, 1L << 32 }, 0, DisplayName = "a shape that wraps round to zero")]
    public void What_cannot_be_saved_is_refused_at_once(string name, long[] shape, int bytes) =>
        Assert.ThrowsExactly<ArgumentException>(() => new TensorEntry(name, TensorType.UInt8, shape, new byte[bytes]));

    // Not in data rows: attributes are stored as UTF-8, which would put U+FFFD in their place.
    [TestMethod]
    public void Half_of_a_surrogate_pair_is_refused()
    {
        foreach (var name in new[] { "half \ud800 pair", "\udc00\ud800", "end \ud800", "\udc00" })
            Assert.ThrowsExactly<ArgumentException>(() => new TensorEntry(name, TensorType.UInt8, [1], new byte[1]));
    }

    [TestMethod]
    public void An_unknown_type_is_refused() =>
        Assert.ThrowsExactly<ArgumentException>(() => new TensorEntry("w", (TensorType)99, [], new byte[1]));

    [TestMethod]
    public void A_streamed_tensor_is_refused_as_any_other()
    {
        Assert.ThrowsExactly<ArgumentException>(() => TensorEntry.Streamed("__metadata__", TensorType.UInt8, [1], (_, _) => { }));
        Assert.ThrowsExactly<ArgumentException>(() => TensorEntry.Streamed("w", TensorType.UInt8, [-1], (_, _) => { }));
        Assert.ThrowsExactly<ArgumentException>(() => TensorEntry.Streamed("w", TensorType.Int16, [long.MaxValue], (_, _) => { }));
    }

    [TestMethod]
    public void A_shape_changed_afterwards_changes_nothing()
    {
        var shape = new long[] { 2 };
        var entry = new TensorEntry("w", TensorType.UInt8, shape, new byte[2]);

        shape[0] = 7;

        Assert.AreEqual("'w' U8 [2]", entry.Info.ToString());
    }

    [TestMethod]
    public void A_name_in_a_message_is_short_and_on_one_line()
    {
        var entry = new TensorEntry("a\r\n\u001b[31m" + new string('x', 5000), TensorType.UInt8, [0], default);

        Assert.StartsWith("'a\uFFFD\uFFFD\uFFFD[31mxxx", entry.Info.ToString());
        Assert.IsLessThan(130, entry.Info.ToString().Length);
    }
}
