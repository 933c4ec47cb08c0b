using static Sema.Onnx.Graphs.Patching.Models;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Where the patched model goes, and what is left when it does not get there.</summary>
[TestClass]
public sealed class DestinationTests
{
    private static readonly ModelPatch Patch = new() { Tensors = new Dictionary<string, TensorPatch> { ["w"] = new([1], Bytes(7f)) } };

    [TestMethod]
    public void The_source_is_never_the_destination()
    {
        using var folder = new PatchFolder();
        var model = Of(Raw("w", 1));
        File.WriteAllBytes(folder.Source, model);
        File.CreateSymbolicLink(folder.To("link.onnx"), folder.Source);
        foreach (var destination in new[] { folder.Source, folder.From("../from/model.onnx"), folder.To("link.onnx"), folder.To() })
            StringAssert.Contains(Refusal(folder, destination).Message, "choose another folder");
        CollectionAssert.AreEqual(model, File.ReadAllBytes(folder.Source));
    }

    [TestMethod]
    public void Data_files_of_the_source_are_never_overwritten()
    {
        using var folder = new PatchFolder();
        File.WriteAllBytes(folder.Source, Of(External("w", 1, ("location", "weights.bin"))));
        File.WriteAllBytes(folder.From("weights.bin"), Bytes(1f));
        Directory.CreateSymbolicLink(Path.Combine(folder.Root, "also"), folder.From());
        var also = Path.Combine(folder.Root, "also", "tuned.onnx");
        foreach (var destination in new[] { folder.From("tuned.onnx"), folder.From("weights.bin"), also, folder.To("weights.bin") })
            StringAssert.Contains(Refusal(folder, destination).Message, "choose another folder");
        CollectionAssert.AreEqual(Bytes(1f), File.ReadAllBytes(folder.From("weights.bin")));
    }

    [TestMethod]
    public void A_model_without_external_data_may_stay_in_its_folder()
    {
        using var folder = new PatchFolder();
        File.WriteAllBytes(folder.Source, Of(Raw("w", 1)));
        ModelPatcher.Patch(folder.Source, folder.From("tuned.onnx"), Patch);
        CollectionAssert.AreEqual(Of(Raw("w", 7)), File.ReadAllBytes(folder.From("tuned.onnx")));
    }

    [TestMethod]
    public void An_older_destination_is_replaced_and_a_new_folder_made()
    {
        using var folder = new PatchFolder();
        File.WriteAllBytes(folder.Destination, new byte[9999]);
        CollectionAssert.AreEqual(Of(Raw("w", 7)), folder.Patch(Of(Raw("w", 1)), Patch));
        ModelPatcher.Patch(folder.Source, folder.To("a/b/model.onnx"), Patch);
        Assert.AreEqual("a/b/model.onnx model.onnx", folder.Written());
    }

    [TestMethod]
    public void A_failure_halfway_leaves_the_destination_untouched_and_no_temporary_files()
    {
        using var folder = new PatchFolder();
        Directory.CreateDirectory(folder.From("sub"));
        File.WriteAllBytes(folder.From("first.bin"), Bytes(1f));
        File.WriteAllBytes(folder.From("sub/second.bin"), Bytes(1f));
        File.WriteAllBytes(folder.Source, Of(External("w", 1, ("location", "first.bin")), External("v", 1, ("location", "sub/second.bin"))));
        var old = new[] { "first.bin", "model.onnx", "sub" }; // "sub" is a file where a folder is needed: the second data file fails
        foreach (var name in old)
            File.WriteAllText(folder.To(name), name);

        Assert.Throws<IOException>(() => ModelPatcher.Patch(folder.Source, folder.Destination, Patch));
        Assert.AreEqual("first.bin model.onnx sub", folder.Written());
        foreach (var name in old)
            Assert.AreEqual(name, File.ReadAllText(folder.To(name)));
    }

    [TestMethod]
    public void The_model_is_the_last_file_renamed()
    {
        using var folder = new PatchFolder();
        using var files = new AtomicFiles();
        Directory.CreateDirectory(folder.To("taken")); // a file cannot be renamed over a folder
        files.Write(folder.To("first"), stream => stream.WriteByte(1));
        files.Write(folder.To("taken"), stream => stream.WriteByte(2));
        files.Write(folder.To("last"), stream => stream.WriteByte(3));
        Assert.IsFalse(File.Exists(folder.To("first")));
        try
        {
            files.Commit();
            Assert.Fail("A folder was overwritten.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            files.Dispose();
        }
        Assert.AreEqual("first", folder.Written());
    }

    private static ModelPatchException Refusal(PatchFolder folder, string destination) =>
        Assert.ThrowsExactly<ModelPatchException>(() => ModelPatcher.Patch(folder.Source, destination, Patch));
}
