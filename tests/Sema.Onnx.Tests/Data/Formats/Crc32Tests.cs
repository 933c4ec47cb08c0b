namespace Sema.Onnx.Data.Formats;

[TestClass]
public sealed class Crc32Tests
{
    [TestMethod]
    public void The_published_check_value_is_found() => Assert.AreEqual(0xCBF43926, Of("123456789"u8));

    [TestMethod]
    public void Nothing_is_0() => Assert.AreEqual(0u, Of([]));

    [TestMethod]
    public void Parts_of_any_length_give_the_checksum_of_the_whole()
    {
        for (var cut = 0; cut <= 9; cut++)
        {
            var checksum = new Crc32();
            checksum.Append("123456789"u8[..cut]);
            checksum.Append("123456789"u8[cut..]);
            Assert.AreEqual(0xCBF43926, checksum.Value);
        }
    }

    private static uint Of(ReadOnlySpan<byte> bytes)
    {
        var checksum = new Crc32();
        checksum.Append(bytes);
        return checksum.Value;
    }
}
