using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

[TestClass]
public sealed class ExternalDataTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sema").FullName;

    private string Inside => Path.Combine(_folder, "model");

    [TestInitialize]
    public void WriteData()
    {
        Directory.CreateDirectory(Path.Combine(Inside, "sub"));
        byte[] twelve = [0, 0, 0, 0, .. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(2.5f)];
        foreach (var file in new[] { "model/weights.bin", "model/sub/weights.bin", "secret.bin", "model-2.bin" })
            File.WriteAllBytes(Path.Combine(_folder, file), twelve);
    }

    [TestCleanup]
    public void DeleteData() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    [DataRow("weights.bin")]
    [DataRow("sub/weights.bin")]
    [DataRow("./sub/../weights.bin")]
    public void Data_in_the_folder_is_read(string location)
    {
        var w = Read(Protos.External(location, ("offset", "4"), ("length", "8"))).Graph.Find("w")!;

        Assert.AreEqual("1.5 2.5", string.Join(' ', w.Initializer!.ToFloat64()));
    }

    [TestMethod]
    public void Rest_of_the_file_is_read_where_no_length_is_given() =>
        Assert.AreEqual(8, Read(Protos.External("weights.bin", ("offset", "4"))).Graph.Find("w")!.Initializer!.Data.Length);

    [TestMethod]
    [DataRow("../secret.bin")]
    [DataRow("sub/../../secret.bin")]
    [DataRow("../model-2.bin")]
    [DataRow("/etc/passwd")]
    [DataRow("C:\\secret.bin")]
    [DataRow("C:secret.bin")]
    [DataRow("")]
    [DataRow(".")]
    [DataRow("..")]
    [DataRow("a\0b")]
    public void Data_outside_the_folder_is_refused(string location) =>
        Assert.Contains("leaves the model's folder; such a model is not read", Refused(Protos.External(location)));

    [TestMethod]
    public void Link_that_leaves_the_folder_is_refused()
    {
        File.CreateSymbolicLink(Path.Combine(Inside, "link.bin"), Path.Combine(_folder, "secret.bin"));
        Directory.CreateSymbolicLink(Path.Combine(Inside, "up"), _folder);

        Assert.Contains("leaves the model's folder", Refused(Protos.External("link.bin")));
        Assert.Contains("leaves the model's folder", Refused(Protos.External("up/secret.bin")));
    }

    [TestMethod]
    public void Link_within_the_folder_is_followed()
    {
        File.CreateSymbolicLink(Path.Combine(Inside, "link.bin"), "sub/weights.bin");

        Assert.AreEqual(8, Read(Protos.External("link.bin", ("offset", "4"))).Graph.Find("w")!.Initializer!.Data.Length);
    }

    [TestMethod]
    [DataRow("8", "8", "claims 8 bytes at 8")]
    [DataRow("13", "0", "claims 0 bytes at 13")]
    [DataRow("0", "9223372036854775807", "claims 9223372036854775807 bytes at 0")]
    [DataRow("9223372036854775807", "1", "claims 1 bytes at 9223372036854775807")]
    [DataRow("-4", "8", "has external data with the offset '-4', which is no number")]
    [DataRow("0", "many", "has external data with the length 'many', which is no number")]
    [DataRow("0", "4", "needs 8 bytes, but its file holds 4")]
    public void Slice_outside_the_file_is_refused(string offset, string length, string reason) =>
        Assert.Contains(reason, Refused(Protos.External("weights.bin", ("offset", offset), ("length", length))));

    [TestMethod]
    public void Missing_file_is_named()
    {
        Assert.Contains("which is missing", Refused(Protos.External("nowhere.bin")));
        Assert.Contains("which is missing", Refused(Protos.External("sub")));
    }

    [TestMethod]
    public void Model_without_a_folder_has_no_external_data() =>
        Assert.Contains("read the model from its folder", Protos.Refused(Holding(Protos.External("weights.bin"))));

    private Model Read(TensorProto tensor)
    {
        var path = Path.Combine(Inside, "model.onnx");
        File.WriteAllBytes(path, Holding(tensor).ToByteArray());
        return ModelReader.Read(path);
    }

    private string Refused(TensorProto tensor) => Assert.ThrowsExactly<InvalidModelException>(() => Read(tensor)).Message;

    private static ModelProto Holding(TensorProto tensor)
    {
        var proto = Protos.Model();
        proto.Graph.Initializer.Add(tensor);
        return proto;
    }
}
