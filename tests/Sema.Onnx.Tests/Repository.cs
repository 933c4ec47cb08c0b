namespace Sema.Onnx;

/// <summary>The sources that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>The folder that holds Sema.Onnx.sln.</summary>
    internal static string Root { get; } = Find(AppContext.BaseDirectory);

    /// <summary>The files of a kind under a folder, by their path from the root, with forward slashes.</summary>
    internal static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/')).Order(StringComparer.Ordinal);

    internal static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string Find(string folder) => File.Exists(Path.Combine(folder, "Sema.Onnx.sln"))
        ? folder
        : Find(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)) ?? throw new InvalidOperationException("No folder above the tests holds Sema.Onnx.sln."));
}
