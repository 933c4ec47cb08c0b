namespace Sema.Onnx.Metrics;

[TestClass]
public sealed class Crc32CTests
{
    // RFC 3720, appendix B.4, and the check value of "123456789".
    [TestMethod]
    public void Checksums_are_those_of_RFC_3720()
    {
        Assert.AreEqual(0x8A9136AAu, Crc32C.Compute(new byte[32]));
        Assert.AreEqual(0x62A8AB43u, Crc32C.Compute([.. Enumerable.Repeat((byte)0xFF, 32)]));
        Assert.AreEqual(0x46DD794Eu, Crc32C.Compute([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
        Assert.AreEqual(0x113FDB5Cu, Crc32C.Compute([.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))]));
        Assert.AreEqual(0xE3069283u, Crc32C.Compute("123456789"u8));
    }

    // 0x8A9136AA rotated right by 15 is 0x11522 | 0x36AA << 17 = 0x6D551522; plus 0xA282EAD8 is 0x1_0FD7_FFFA.
    [TestMethod]
    public void Masking_rotates_and_adds() => Assert.AreEqual(0x0FD7FFFAu, Crc32C.Masked(new byte[32]));
}
