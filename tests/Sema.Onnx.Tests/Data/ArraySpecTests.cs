using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data;

[TestClass]
public sealed class ArraySpecTests
{
    [TestMethod]
    public void Counts_elements_and_bytes()
    {
        var spec = new ArraySpec(ElementType.Float32, 3, 2, 5);

        Assert.AreEqual(30, spec.ElementCount);
        Assert.AreEqual(120, spec.ByteCount);
        Assert.AreEqual("float32 [3,2,5]", spec.ToString());
    }

    [TestMethod]
    public void A_scalar_has_one_element() => Assert.AreEqual(8, new ArraySpec(ElementType.Int64).ByteCount);

    [TestMethod]
    public void Equal_types_and_shapes_are_equal()
    {
        Assert.AreEqual(new ArraySpec(ElementType.UInt8, 1, 2), new ArraySpec(ElementType.UInt8, 1, 2));
        Assert.AreNotEqual(new ArraySpec(ElementType.UInt8, 1, 2), new ArraySpec(ElementType.UInt8, 2, 1));
        Assert.AreNotEqual(new ArraySpec(ElementType.UInt8, 1, 2), new ArraySpec(ElementType.Int8, 1, 2));
    }

    [TestMethod]
    [DataRow(0, 1, 1)]
    [DataRow(-1, 1, 1)]
    [DataRow(int.MaxValue, int.MaxValue, int.MaxValue)]
    [DataRow(65536, 65536, 1)]   // 2^32 bytes: would wrap to 0
    public void An_impossible_shape_is_refused(int a, int b, int c) =>
        Assert.ThrowsExactly<DataException>(() => _ = new ArraySpec(ElementType.UInt8, a, b, c));
}
