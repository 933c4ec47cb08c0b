namespace Sema.Onnx.Graphs.Patching;

/// <summary>Lists the files that a model consists of.</summary>
internal static class ModelFiles
{
    /// <summary>Gets the model file and its data files, all symbolic links followed.</summary>
    /// <param name="path">The model file.</param>
    /// <exception cref="ModelPatchException">The file is malformed, or its external data is missing or outside its folder.</exception>
    internal static IReadOnlyList<string> Of(string path)
    {
        using var model = File.OpenHandle(path);
        var reader = new WireReader(model);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return [ContainedPath.Real(path), .. new ExternalData(reader, new ModelIndex(reader).ExternalTensors, folder, folder).Files.Select(f => f.Source)];
    }
}
