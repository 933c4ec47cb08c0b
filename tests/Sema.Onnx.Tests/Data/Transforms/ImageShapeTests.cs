using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

[TestClass]
public sealed class ImageShapeTests
{
    [TestMethod]
    [DataRow(ElementType.UInt8, new[] { 1, 28, 20 }, 1, false)]
    [DataRow(ElementType.UInt8, new[] { 3, 28, 20 }, 3, false)]
    [DataRow(ElementType.UInt8, new[] { 28, 20, 3 }, 3, true)]
    [DataRow(ElementType.UInt8, new[] { 28, 20 }, 1, false)]
    [DataRow(ElementType.Float32, new[] { 3, 28, 20 }, 3, false)]
    public void Images_are_recognised(ElementType type, int[] shape, int channels, bool last) =>
        Assert.AreEqual(new ImageShape(channels, 28, 20, last), ImageShape.Of(new ArraySpec(type, shape)));

    [TestMethod]
    [DataRow(ElementType.Float32, new[] { 98, 40 })]
    [DataRow(ElementType.Int64, new[] { 3, 28, 20 })]
    [DataRow(ElementType.UInt8, new[] { 2, 28, 20 })]
    [DataRow(ElementType.UInt8, new[] { 784 })]
    public void Other_arrays_are_not(ElementType type, int[] shape) =>
        Assert.IsNull(ImageShape.Of(new ArraySpec(type, shape)));
}
