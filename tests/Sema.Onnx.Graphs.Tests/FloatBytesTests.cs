using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs;

[TestClass]
public sealed class FloatBytesTests
{
    // bfloat16 keeps 7 bits of fraction: 1 + 1/256 is half-way from 1 (even) to 1 + 1/128 (odd), 1 + 3/256 from there to 1 + 2/128 (even).
    [TestMethod]
    [DataRow(1f, 0x3F80)]
    [DataRow(1 + 1 / 256f, 0x3F80)]
    [DataRow(1 + 1.01f / 256, 0x3F81)]
    [DataRow(1 + 3 / 256f, 0x3F82)]
    [DataRow(-1 - 3 / 256f, 0xBF82)]
    [DataRow(float.MaxValue, 0x7F80)]
    [DataRow(float.NegativeInfinity, 0xFF80)]
    [DataRow(1e-45f, 0x0000)]
    public void A_bfloat16_is_the_nearest_and_the_even_one_of_two(float value, int expected)
    {
        CollectionAssert.AreEqual(BitConverter.GetBytes((ushort)expected), FloatBytes.Encode(ElementType.BFloat16, [value]));
        CollectionAssert.AreEqual(BitConverter.GetBytes((ushort)expected), Tensor.Scalar(value, ElementType.BFloat16).Data.ToArray());
    }

    [TestMethod]
    public void A_NaN_stays_one_in_every_type()
    {
        foreach (var type in new[] { ElementType.Float16, ElementType.BFloat16, ElementType.Float32, ElementType.Float64 })
            Assert.IsTrue(float.IsNaN(new Tensor(type, [1], FloatBytes.Encode(type, [BitConverter.UInt32BitsToSingle(0x7F800001)])).ToFloat32()[0]), type.ToString());
    }

    // float16 keeps 10 bits: 1 + 1/2048 is half-way to the next, 65520 half-way from the largest, 65504, to what would be 65536.
    [TestMethod]
    public void A_float16_is_the_nearest_and_the_even_one_of_two() => CollectionAssert.AreEqual(
        new ushort[] { 0x3C00, 0x3C02, 0x7BFF, 0x7C00 },
        MemoryMarshal.Cast<byte, ushort>(FloatBytes.Encode(ElementType.Float16, [1 + 1 / 2048f, 1 + 3 / 2048f, 65519, 65520])).ToArray());
}
