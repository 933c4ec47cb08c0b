namespace Sema.Onnx.Checkpoints.Storage;

[TestClass]
public sealed class DirectorySyncTests
{
    [TestMethod]
    public void A_folder_is_flushed_except_on_Windows()
    {
        using var folder = new TempFolder();
        var inner = Directory.CreateDirectory(folder["größe 🦉"]).FullName;

        Assert.AreEqual(!OperatingSystem.IsWindows(), DirectorySync.TryFlush(inner));
    }

    [TestMethod]
    public void A_folder_that_is_not_there_is_not_flushed()
    {
        using var folder = new TempFolder();

        Assert.IsFalse(DirectorySync.TryFlush(folder["missing"]));
    }
}
