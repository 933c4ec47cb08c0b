namespace Sema.Onnx.Graphs.Patching;

[TestClass]
public sealed class DeferredBytesTests
{
    [TestMethod]
    public void Bytes_are_made_when_they_are_read_and_not_before()
    {
        var made = 0;
        var bytes = DeferredBytes.Of(4, () =>
        {
            made++;
            return new byte[] { 1, 2, 3, 4 };
        });

        Assert.AreEqual("4 0", $"{bytes.Length} {made}");
        Assert.AreEqual("2 3", string.Join(' ', bytes.Slice(1, 2).ToArray()));
        Assert.IsGreaterThan(0, made);
    }

    [TestMethod]
    public void Patch_of_deferred_bytes_is_that_of_bytes_at_hand()
    {
        using PatchFolder one = new(), two = new();
        var model = Models.Of(Models.Raw("w", 1, 2));
        byte[] data = [.. BitConverter.GetBytes(5f), .. BitConverter.GetBytes(6f)];

        var deferred = one.Patch(model, new ModelPatch
        {
            Tensors = new Dictionary<string, TensorPatch> { ["w"] = new([2], DeferredBytes.Of(8, () => data)) },
        });

        CollectionAssert.AreEqual(two.Patch(model, "w", [2], data), deferred);
    }
}
