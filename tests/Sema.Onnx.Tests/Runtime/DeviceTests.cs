namespace Sema.Onnx.Runtime;

[TestClass]
public sealed class DeviceTests
{
    [TestMethod]
    public void The_default_is_the_CPU() => Assert.AreEqual(Device.Cpu, default);

    [TestMethod]
    [DataRow("cpu", true, 0, "cpu")]
    [DataRow("cuda", false, 0, "cuda:0")]
    [DataRow("cuda:0", false, 0, "cuda:0")]
    [DataRow("cuda:13", false, 13, "cuda:13")]
    public void A_device_is_read_from_its_name(string text, bool isCpu, int id, string name)
    {
        var device = Device.Parse(text);
        Assert.AreEqual((isCpu, id, name), (device.IsCpu, device.Id, device.ToString()));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("gpu")]
    [DataRow("CPU")]
    [DataRow("cuda:")]
    [DataRow("cuda:-1")]
    [DataRow("cuda: 1")]
    [DataRow("cuda:2147483647")]
    [DataRow("cuda:99999999999")]
    public void Other_names_are_refused_with_those_that_work(string text)
    {
        var error = Assert.ThrowsExactly<FormatException>(() => Device.Parse(text));
        Assert.AreEqual($"'{text}' is no device; use 'cpu', 'cuda' or 'cuda:N' with N from 0.", error.Message);
    }

    [TestMethod]
    public void A_negative_number_names_no_CUDA_device() => Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Device.Cuda(-1));
}
