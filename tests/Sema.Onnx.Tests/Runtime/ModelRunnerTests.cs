using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

[TestClass]
public sealed class ModelRunnerTests
{
    [TestMethod]
    public void Every_type_of_element_passes_through()
    {
        Passes(1.5f, -2.5f);
        Passes(1.5, double.MaxValue);
        Passes((Half)1.5f, Half.MinValue);
        Passes(long.MinValue, 3);
        Passes(int.MaxValue, -3);
        Passes<byte>(255, 1);
        Passes(true, false);
    }

    [TestMethod]
    public void A_tensor_without_elements_passes_through()
    {
        using var x = new HostTensor(ElementType.Float32, 0);
        using var y = ModelRunner.Run(TestModels.Doubled, new Dictionary<string, HostTensor> { ["x"] = x })["y"];
        CollectionAssert.AreEqual(new long[] { 0 }, y.Shape.ToArray());
    }

    [TestMethod]
    public void A_file_gives_what_its_bytes_give()
    {
        var path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        File.WriteAllBytes(path, TestModels.Doubled);
        try
        {
            using var x = HostTensor.Of<float>([3], 1);
            using var y = ModelRunner.Run(path, new Dictionary<string, HostTensor> { ["x"] = x })["y"];
            Assert.AreEqual(6, y.As<float>()[0]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Passes<T>(params T[] elements)
        where T : unmanaged
    {
        using var x = HostTensor.Of<T>(elements, elements.Length);
        var model = TestModels.Bytes(g => [(g.Emit("Identity", [g.AddInput("x", x.Type, TestModels.Axes("n"))]), "y")]);
        using var y = ModelRunner.Run(model, new Dictionary<string, HostTensor> { ["x"] = x })["y"];
        Assert.AreEqual(x.Type, y.Type);
        CollectionAssert.AreEqual(elements, y.As<T>().ToArray());
    }
}
