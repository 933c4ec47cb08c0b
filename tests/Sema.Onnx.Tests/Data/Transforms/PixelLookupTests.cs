using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

[TestClass]
public sealed class PixelLookupTests
{
    private static readonly PixelOptions Options = new() { Mean = [0.485, 0.456, 0.406], Std = [0.229, 0.224, 0.225] };

    [TestMethod]
    [DataRow(new[] { 3, 5, 7 }, new[] { 3, 5, 7 })]
    [DataRow(new[] { 3, 5, 7 }, new[] { 5, 7, 3 })]
    [DataRow(new[] { 5, 7, 3 }, new[] { 3, 5, 7 })]
    [DataRow(new[] { 5, 7, 3 }, new[] { 5, 7, 3 })]
    [DataRow(new[] { 1, 5, 7 }, new[] { 3, 5, 7 })]
    [DataRow(new[] { 5, 7, 1 }, new[] { 5, 7, 3 })]
    public void The_fast_way_gives_the_bits_of_the_general_way(int[] stored, int[] wanted)
    {
        var sample = new ArraySpec(ElementType.UInt8, stored);
        var model = new ModelInput(ElementType.Float32, wanted);
        var pixels = new byte[sample.ByteCount];
        new Random(20240209).NextBytes(pixels);
        foreach (var channels in Enum.GetValues<ChannelOrder>())
        {
            var plan = PixelPlan.Create(sample, ImageShape.Of(sample)!.Value, model, Options with { Channels = channels });
            Assert.IsTrue(PixelLookup.Suits(plan));

            Apply(new PixelLookup(plan), pixels).ShouldHold(Apply(new PixelArithmetic(plan), pixels));
        }
    }

    private static uint[] Apply(ISampleTransform transform, byte[] pixels)
    {
        var result = new byte[transform.Result.ByteCount];
        transform.Apply(pixels, result);
        return result.As<uint>();
    }
}
