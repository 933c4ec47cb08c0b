using static Sema.Onnx.Graphs.Patching.Models;

namespace Sema.Onnx.Graphs.Patching;

[TestClass]
public sealed class WireEditsTests
{
    [TestMethod]
    public void An_inner_message_ends_before_the_outer_one_whatever_was_changed_first()
    {
        using var folder = new PatchFolder();
        File.WriteAllBytes(folder.Source, Field(1, Field(2, 0x08, 0x01)));
        using var file = File.OpenHandle(folder.Source);
        var reader = new WireReader(file);
        var outer = reader.Messages(reader.Root, 1).Single();
        var inner = reader.Messages(outer, 2).Single();

        var edits = new WireEdits();
        edits.ReplaceFields(outer, [], new byte[] { 0x18, 0x03 });
        edits.ReplaceFields(inner, [], new byte[] { 0x10, 0x02 });
        var (splices, growth) = edits.Finish();

        using var copy = new MemoryStream();
        Splice.Copy(file, splices, copy);
        Assert.AreEqual(4, growth);
        CollectionAssert.AreEqual(Field(1, [.. Field(2, 0x08, 0x01, 0x10, 0x02), 0x18, 0x03]), copy.ToArray());
    }

    [TestMethod]
    public void Lengths_that_need_another_byte_lengthen_the_messages_around()
    {
        using var folder = new PatchFolder();
        File.WriteAllBytes(folder.Source, Field(1, Field(2, Field(3, new byte[121])))); // 127 bytes in the outermost: one byte of length
        using var file = File.OpenHandle(folder.Source);
        var reader = new WireReader(file);
        var inner = reader.Messages(reader.Messages(reader.Root, 1).Single(), 2).Single();

        var edits = new WireEdits();
        edits.ReplaceFields(inner, [.. reader.Fields(inner)], Field(3, new byte[126]));
        var (splices, growth) = edits.Finish();

        using var copy = new MemoryStream();
        Splice.Copy(file, splices, copy);
        Assert.AreEqual(5 + 1 + 1, growth);
        CollectionAssert.AreEqual(Field(1, Field(2, Field(3, new byte[126]))), copy.ToArray());
    }
}
