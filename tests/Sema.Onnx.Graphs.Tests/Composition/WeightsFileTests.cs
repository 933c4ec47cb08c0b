using System.Security.Cryptography;

namespace Sema.Onnx.Graphs.Composition;

[TestClass]
public sealed class WeightsFileTests
{
    [TestMethod]
    public void Tensors_begin_at_boundaries_and_the_digest_is_that_of_the_whole_file()
    {
        var path = Path.GetTempFileName();
        using var file = new WeightsFile(path);
        var one = file.Append(Tensor.Floats([2], [1, 2]));
        var two = file.Append(Tensor.Floats([1], [3]));
        file.ZerosTo(700);
        var zeros = file.AppendZeros(100_000);
        var digest = file.Finish();

        var bytes = File.ReadAllBytes(path);
        Assert.AreEqual("0 256 768", $"{one.Offset} {two.Offset} {zeros}");
        Assert.AreEqual("1 2 3", $"{BitConverter.ToSingle(bytes, 0)} {BitConverter.ToSingle(bytes, 4)} {BitConverter.ToSingle(bytes, 256)}");
        Assert.AreEqual(768 + 100_000, bytes.Length);
        Assert.AreEqual(5, bytes.Count(b => b != 0));   // 1 is 00 00 80 3F, 2 is 00 00 00 40, 3 is 00 00 40 40
        Assert.AreEqual(Convert.ToHexStringLower(SHA256.HashData(bytes)), digest);
        File.Delete(path);
    }
}
