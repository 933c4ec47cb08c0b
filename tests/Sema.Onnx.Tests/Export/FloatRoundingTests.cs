using Sema.Onnx.Graphs;

namespace Sema.Onnx.Export;

[TestClass]
public sealed class FloatRoundingTests
{
    // bfloat16 has 8 bits of mantissa: next to 1 its numbers lie 2^-7 apart, and 1 + 2^-8 is a tie.
    [TestMethod]
    [DataRow(1 + 0.00390625, 0x3F80, DisplayName = "a tie goes to the even one")]
    [DataRow(1 + 0.00390625 + 1e-12, 0x3F81, DisplayName = "just above a tie, where float32 lies on it")]
    [DataRow(1 + 0.01171875, 0x3F82, DisplayName = "a tie the other way")]
    [DataRow(1 + 0.01171875 - 1e-12, 0x3F81, DisplayName = "just below a tie")]
    [DataRow(-1 - 0.00390625 - 1e-12, 0xBF81, DisplayName = "negative")]
    [DataRow(-0.0, 0x8000, DisplayName = "minus nothing")]
    [DataRow(double.PositiveInfinity, 0x7F80, DisplayName = "infinity")]
    [DataRow(1e-42, 0x0000, DisplayName = "below half of the least")]
    public void Bfloat16_is_rounded_once(double value, int bits)
    {
        var bytes = new byte[2];
        FloatRounding.Round(ElementType.BFloat16, [value], bytes);
        Assert.AreEqual((ushort)bits, BitConverter.ToUInt16(bytes));
    }

    // float16 has 11 bits: next to 1 its numbers lie 2^-10 apart.
    [TestMethod]
    public void Float16_is_rounded_once()
    {
        var bytes = new byte[2];
        FloatRounding.Round(ElementType.Float16, [1 + 0.00048828125 + 1e-12], bytes);
        Assert.AreEqual((Half)1.0009765625, BitConverter.ToHalf(bytes));
    }

    [TestMethod]
    public void Integers_are_refused() => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => FloatRounding.Round(ElementType.Int32, [1], new byte[4]));
}
