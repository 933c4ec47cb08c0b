using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;
using static Sema.Onnx.Graphs.Patching.Models;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Weights in files of their own beside the model.</summary>
[TestClass]
public sealed class ExternalDataTests
{
    private static readonly byte[] Weights = Bytes(0f, 1f, 2f, 3f, 4f);

    [TestMethod]
    public void Data_is_overwritten_in_a_copy_of_its_file_and_the_model_stays_as_it_is()
    {
        using var folder = Folder("sub/weights.bin", "unpatched.bin");
        var model = Of(
            External("a", 2, ("location", "sub/weights.bin"), ("offset", "4"), ("length", "8")),
            External("b", 1, ("location", "./sub/weights.bin"), ("offset", "12")),
            External("c", 5, ("location", "unpatched.bin")));
        CollectionAssert.AreEqual(model, folder.Patch(model, "a", [2], Bytes(7f, 8f)));
        CollectionAssert.AreEqual(Bytes(0f, 7f, 8f, 3f, 4f), File.ReadAllBytes(folder.To("sub/weights.bin")));
        CollectionAssert.AreEqual(Weights, File.ReadAllBytes(folder.To("unpatched.bin")));
        CollectionAssert.AreEqual(Weights, File.ReadAllBytes(folder.From("sub/weights.bin")));
        Assert.AreEqual("model.onnx sub/weights.bin unpatched.bin", folder.Written());
    }

    [TestMethod]
    public void Another_size_goes_to_the_end_of_the_file_at_a_multiple_of_4096()
    {
        using var folder = Folder("weights.bin");
        var model = Of(
            External("a", 2, ("location", "weights.bin"), ("offset", "4"), ("length", "8")),
            External("b", 1, ("location", "weights.bin")));
        var patch = new ModelPatch
        {
            Tensors = new Dictionary<string, TensorPatch> { ["a"] = new([3], Bytes(7f, 8f, 9f)), ["b"] = new([2], Bytes(5f, 6f)) },
        };
        var after = ModelProto.Parser.ParseFrom(folder.Patch(model, patch)).Graph.Initializer;
        Assert.AreEqual(External("a", 3, ("location", "weights.bin"), ("offset", "4096"), ("length", "12")), after[0]);
        Assert.AreEqual(External("b", 2, ("location", "weights.bin"), ("offset", "8192"), ("length", "8")), after[1]);

        byte[] expected = [.. Weights, .. new byte[4096 - 20], .. Bytes(7f, 8f, 9f), .. new byte[4096 - 12], .. Bytes(5f, 6f)];
        CollectionAssert.AreEqual(expected, File.ReadAllBytes(folder.To("weights.bin")));
    }

    [TestMethod]
    public void A_file_that_ends_at_a_multiple_of_4096_is_not_padded()
    {
        using var folder = new PatchFolder();
        File.WriteAllBytes(folder.From("weights.bin"), new byte[4096]);
        folder.Patch(Of(External("a", 1024, ("location", "weights.bin"))), "a", [1], Bytes(7f));
        CollectionAssert.AreEqual((byte[])[.. new byte[4096], .. Bytes(7f)], File.ReadAllBytes(folder.To("weights.bin")));
    }

    [TestMethod]
    public void Data_that_two_tensors_share_is_not_overwritten_for_one_of_them()
    {
        using var folder = Folder("weights.bin");
        var model = Of(
            External("a", 2, ("location", "weights.bin"), ("offset", "4")),
            External("b", 2, ("location", "weights.bin"), ("offset", "8")));
        var after = folder.PatchedGraph(model, "a", [2], Bytes(7f, 8f)).Initializer;
        Assert.AreEqual("4096", after[0].ExternalData[1].Value);
        CollectionAssert.AreEqual(Weights, File.ReadAllBytes(folder.To("weights.bin"))[..20]);
    }

    [TestMethod]
    public void Data_of_a_constant_in_a_subgraph_may_be_external()
    {
        using var folder = Folder("weights.bin");
        var tensor = External("", 1, ("location", "weights.bin"), ("offset", "16"));
        var body = new GraphProto { Node = { Constant("c", new() { Name = "value", T = tensor }) } };
        var node = new NodeProto { OpType = "If", Output = { "y" }, Attribute = { new AttributeProto { Name = "then_branch", G = body } } };
        folder.Patch(Of(new GraphProto { Node = { node } }), "c", [1], Bytes(7f));
        CollectionAssert.AreEqual(Bytes(0f, 1f, 2f, 3f, 7f), File.ReadAllBytes(folder.To("weights.bin")));
    }

    [TestMethod]
    public void Data_files_of_functions_come_along()
    {
        using var folder = Folder("weights.bin");
        var tensor = External("", 1, ("location", "weights.bin"));
        var function = new FunctionProto { Name = "f", Node = { Constant("c", new() { Name = "value", T = tensor }) } };
        folder.Patch(new ModelProto { Functions = { function } }.ToByteArray(), new ModelPatch());
        CollectionAssert.AreEqual(Weights, File.ReadAllBytes(folder.To("weights.bin")));
    }

    [TestMethod]
    [DataRow("offset", "24"), DataRow("length", "24"), DataRow("offset", "9223372036854775807"), DataRow("length", "9223372036854775807")]
    [DataRow("offset", "-4"), DataRow("offset", "0x4"), DataRow("length", "99999999999999999999"), DataRow("length", " 8"), DataRow("offset", "")]
    public void Data_outside_its_file_is_refused(string key, string value)
    {
        using var folder = Folder("weights.bin");
        var model = Of(External("a", 5, ("location", "weights.bin"), (key, value)), Raw("w", 1));
        Assert.AreEqual("a", folder.Refusal(model, "w", [1], Bytes(1f)).Name);
        Assert.IsEmpty(folder.Written());
    }

    [TestMethod]
    public void Dimensions_larger_than_the_file_are_refused()
    {
        using var folder = Folder("weights.bin");
        var refusal = folder.Refusal(Of(External("a", long.MaxValue, ("location", "weights.bin"))), "a", [1], Bytes(1f));
        StringAssert.Contains(refusal.Message, "is the file complete?");
    }

    [TestMethod]
    [DataRow("../secret.bin"), DataRow("sub/../../secret.bin"), DataRow("sub/.."), DataRow("/etc/passwd")]
    [DataRow("C:secret.bin"), DataRow("c:/secret.bin")]
    [DataRow("..\\secret.bin"), DataRow("weights\0.bin"), DataRow(""), DataRow("."), DataRow("..")]
    public void A_location_outside_the_folder_is_refused(string location)
    {
        using var folder = Folder("weights.bin");
        File.WriteAllBytes(Path.Combine(folder.Root, "secret.bin"), Weights);
        var refusal = folder.Refusal(Of(External("a", 5, ("location", location))), "a", [5], Weights);
        StringAssert.Contains(refusal.Message, "leads out of the folder");
        Assert.IsEmpty(folder.Written());
    }

    [TestMethod]
    public void A_missing_location_or_file_is_refused()
    {
        using var folder = Folder();
        folder.Refusal(Of(External("a", 5)), "a", [5], Weights);
        StringAssert.Contains(folder.Refusal(Of(External("a", 5, ("location", "weights.bin"))), "a", [5], Weights).Message, "is missing");
    }

    [TestMethod]
    public void A_symbolic_link_that_leads_out_of_the_folder_is_refused()
    {
        using var folder = Folder();
        File.WriteAllBytes(Path.Combine(folder.Root, "secret.bin"), Weights);
        File.CreateSymbolicLink(folder.From("absolute.bin"), Path.Combine(folder.Root, "secret.bin"));
        File.CreateSymbolicLink(folder.From("relative.bin"), "../secret.bin");
        File.CreateSymbolicLink(folder.From("twice.bin"), "relative.bin");
        Directory.CreateSymbolicLink(folder.From("up"), "..");
        Directory.CreateSymbolicLink(folder.From("elsewhere"), folder.To());
        File.CreateSymbolicLink(folder.From("back.bin"), "elsewhere/../secret.bin"); // ".." of where the link leads, not of where it lies
        File.CreateSymbolicLink(folder.From("round.bin"), "round.bin");
        foreach (var location in new[] { "absolute.bin", "relative.bin", "twice.bin", "up/secret.bin", "back.bin", "round.bin" })
            folder.Refusal(Of(External("a", 5, ("location", location))), "a", [5], Weights);
        Assert.IsEmpty(folder.Written());
    }

    [TestMethod]
    public void A_symbolic_link_within_the_folder_is_followed()
    {
        using var folder = Folder("sub/weights.bin");
        File.CreateSymbolicLink(folder.From("link.bin"), "sub/weights.bin");
        folder.Patch(Of(External("a", 5, ("location", "link.bin"))), "a", [5], Bytes(5f, 6f, 7f, 8f, 9f));
        CollectionAssert.AreEqual(Bytes(5f, 6f, 7f, 8f, 9f), File.ReadAllBytes(folder.To("link.bin")));
        CollectionAssert.AreEqual(Weights, File.ReadAllBytes(folder.From("sub/weights.bin")));
    }

    [TestMethod]
    public void A_link_beside_the_destination_leads_no_data_out_of_it()
    {
        using var folder = Folder("sub/weights.bin");
        Directory.CreateSymbolicLink(folder.To("sub"), Path.Combine(folder.Root, "from"));
        folder.Refusal(Of(External("a", 5, ("location", "sub/weights.bin"))), "a", [5], Weights);
        CollectionAssert.AreEqual(Weights, File.ReadAllBytes(folder.From("sub/weights.bin")));
    }

    [TestMethod]
    public void A_checksum_that_would_become_false_is_refused()
    {
        using var folder = Folder("weights.bin");
        var model = Of(
            External("a", 1, ("location", "weights.bin"), ("checksum", "da39a3ee")),
            External("b", 1, ("location", "weights.bin"), ("offset", "4")),
            Raw("w", 1));
        StringAssert.Contains(folder.Refusal(model, "b", [1], Bytes(1f)).Message, "checksum");
        folder.Patch(model, "w", [1], Bytes(1f));
    }

    private static PatchFolder Folder(params string[] locations)
    {
        var folder = new PatchFolder();
        foreach (var location in locations)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder.From(location))!);
            File.WriteAllBytes(folder.From(location), Weights);
        }
        return folder;
    }
}
