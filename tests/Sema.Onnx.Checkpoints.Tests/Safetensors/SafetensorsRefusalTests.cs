using System.Buffers.Binary;
using System.Text;

namespace Sema.Onnx.Checkpoints.Safetensors;

[TestClass]
public sealed class SafetensorsRefusalTests
{
    // Each row: a header, the bytes of data behind it, and words that the message must hold.
    [TestMethod]
    [DataRow("", 0, "does not begin with '{'")]
    [DataRow("[]", 0, "does not begin with '{'")]
    [DataRow(" {}", 0, "does not begin with '{'")]
    [DataRow("\uFEFF{}", 0, "does not begin with '{'")]
    [DataRow("{", 0, "strict JSON")]
    [DataRow("{}{}", 0, "strict JSON")]
    [DataRow("{}//", 0, "strict JSON")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},}", 1, "strict JSON")]
    [DataRow("{\"a\":1}", 0, "'a' does not hold exactly")]
    [DataRow("{\"a\":null}", 0, "'a' does not hold exactly")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 0, "'a' does not hold exactly")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"more\":1}}", 1, "'a' does not hold exactly")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"offsets\":[0,1]}}", 1, "'a' does not hold exactly")]
    [DataRow("{\"a\":{\"dtype\":5,\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "dtype of tensor 'a' is not a string")]
    [DataRow("{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype 'f32' of tensor 'a' is none of")]
    [DataRow("{\"a\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,1]}}", 1, "dtype 'F4' of tensor 'a' is none of")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":1,\"data_offsets\":[0,1]}}", 1, "shape of tensor 'a' is not an array")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1, "shape of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[-1,-1],\"data_offsets\":[0,1]}}", 1, "shape of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[-0],\"data_offsets\":[0,0]}}", 0, "shape of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1.0],\"data_offsets\":[0,1]}}", 1, "shape of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1e0],\"data_offsets\":[0,1]}}", 1, "shape of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[\"1\"],\"data_offsets\":[0,1]}}", 1, "shape of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[[1]],\"data_offsets\":[0,1]}}", 1, "shape of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[9223372036854775808],\"data_offsets\":[0,1]}}", 1, "shape of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "shape of tensor 'a' overflows")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[0,4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "shape of tensor 'a' overflows")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296,0],\"data_offsets\":[0,0]}}", 0, "shape of tensor 'a' overflows")]
    [DataRow("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}", 0, "shape of tensor 'a' overflows")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0]}}", 1, "data_offsets of tensor 'a' is not a begin and an end")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1,2]}}", 1, "data_offsets of tensor 'a' is not a begin and an end")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,0]}}", 1, "data_offsets of tensor 'a' is not a begin and an end")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[-1,0]}}", 1, "data_offsets of tensor 'a' holds something other")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,1]}}", 1, "'a' needs 2 bytes by its type and shape, but has 1")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,1]}}", 1, "'a' needs 0 bytes by its type and shape, but has 1")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[9223372036854775806,9223372036854775807]}}", 1, "'a' begins at byte 9223372036854775806 of the data, where 0 is due")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, "'a' begins at byte 1 of the data, where 0 is due", DisplayName = "a hole at the beginning")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}", 3, "'b' begins at byte 2 of the data, where 1 is due", DisplayName = "a hole")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, "'b' begins at byte 1 of the data, where 2 is due", DisplayName = "an overlap")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2, "begins at byte 0 of the data, where 2 is due", DisplayName = "two names for the same bytes")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]}}", 2, "'b' begins at byte 1 of the data, where 2 is due", DisplayName = "nothing in the middle of something")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 3, "take 2 bytes, but 3 follow")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 1, "take 2 bytes, but 1 follow")]
    [DataRow("{}", 1, "take 0 bytes, but 1 follow")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "strict JSON", DisplayName = "a name twice")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},\"\\u0061\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "strict JSON", DisplayName = "a name twice, once escaped")]
    [DataRow("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "strict JSON", DisplayName = "dtype twice")]
    [DataRow("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "strict JSON", DisplayName = "metadata twice")]
    [DataRow("{\"\\ud800\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0, "strict JSON", DisplayName = "half of a surrogate pair in a name")]
    [DataRow("{\"__metadata__\":{\"a\":\"\\udc00\"}}", 0, "strict JSON", DisplayName = "half of a surrogate pair in metadata")]
    [DataRow("{\"__metadata__\":null}", 0, "__metadata__ is not an object")]
    [DataRow("{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ holds 'a', which is not a string")]
    public void A_header_that_breaks_a_rule_is_refused(string header, int dataLength, string reason)
    {
        var e = Refusal(Encoding.UTF8.GetBytes(header), dataLength);

        Assert.Contains(reason, e.Message);
        Assert.EndsWith("Fetch or write the file again.", e.Message);
    }

    [TestMethod]
    public void Bytes_that_are_no_UTF8_are_refused() =>
        Assert.Contains("UTF-8", Refusal([.. "{\"__metadata__\":{\"a\":\""u8, 0xC0, 0x80, .. "\"}}"u8], 0).Message);

    [TestMethod]
    [DataRow('[')]
    [DataRow('{')]
    public void Deep_nesting_is_refused_and_does_not_exhaust_the_stack(char bracket)
    {
        var opening = bracket == '[' ? "[" : "{\"a\":";
        var nested = string.Concat(Enumerable.Repeat(opening, 200_000));

        Assert.Contains("strict JSON", Refusal(Encoding.UTF8.GetBytes("{\"a\":" + nested), 0).Message);
    }

    [TestMethod]
    [DataRow(9UL)]
    [DataRow(99_999_999UL)]
    [DataRow(100_000_001UL)]
    [DataRow(0x7FFF_FFFF_FFFF_FFFFUL)]
    [DataRow(0x8000_0000_0000_0000UL)]
    [DataRow(ulong.MaxValue)]
    public void A_header_length_beyond_the_file_is_refused_before_memory_is_taken_for_it(ulong claimed)
    {
        using var folder = new TempFolder();
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, claimed);
        var path = folder.File("x", bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var e = Assert.ThrowsExactly<CheckpointException>(() => SafetensorsFile.Open(path));

        Assert.Contains($"claims a header of {claimed} bytes", e.Message);
        Assert.IsLessThan(1_000_000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void A_file_that_is_not_there_and_one_that_is_a_folder_are_refused()
    {
        using var folder = new TempFolder();

        Assert.Contains("does not exist", Refusal(folder["x"]).Message);
        Assert.Contains("does not exist", Refusal(folder["x", "y"]).Message);
        Assert.Contains("could not be opened", Refusal(folder.Path).Message);
    }

    [TestMethod]
    public void Spaces_and_line_feeds_around_and_within_the_header_are_read()
    {
        using var folder = new TempFolder();
        byte[] header = [.. "{ \"a\" :\n{\"shape\":[2],\"data_offsets\":[0,2],\"dtype\":\"U8\"} } \n"u8];
        using var file = SafetensorsFile.Open(folder.File("x", Bytes(header, 2)));

        Assert.AreEqual("'a' U8 [2]", file.Tensors.Single().ToString());
    }

    private static CheckpointException Refusal(byte[] header, int dataLength)
    {
        using var folder = new TempFolder();
        return Refusal(folder.File("x", Bytes(header, dataLength)));
    }

    private static CheckpointException Refusal(string path)
    {
        var e = Assert.ThrowsExactly<CheckpointException>(() => SafetensorsFile.Open(path));
        Assert.AreEqual(path, e.Path);
        Assert.StartsWith($"'{path}'", e.Message);
        return e;
    }

    private static byte[] Bytes(byte[] header, int dataLength) =>
        [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[dataLength]];
}
