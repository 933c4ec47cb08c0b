namespace Sema.Onnx.Graphs.Patching;

/// <summary>Writes new values into a model file that stays otherwise the same, byte for byte.</summary>
public static class ModelPatcher
{
    /// <summary>Copies a model, with its external data files, and patches the copy.</summary>
    /// <param name="source">The model file, up to 2 GiB; it is only read, and so are its data files, which may be larger.</param>
    /// <param name="destination">
    /// The new model file. Its data files get the same relative locations beside it. Files already there are replaced, and
    /// only once all new ones are complete on disk: the data files first, the model last.
    /// </param>
    /// <param name="patch">
    /// What to change. A tensor whose dimensions stay is overwritten where it lies if its encoding has a fixed width;
    /// otherwise it is encoded anew in the same kind of encoding, external data at the end of its file.
    /// </param>
    /// <exception cref="ModelPatchException">
    /// The patch names what the model lacks or does not fit it, the file is malformed or too large, or its external data is
    /// missing, cut short or outside its folder, or would be overwritten. Nothing has been written then.
    /// </exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
    public static void Patch(string source, string destination, ModelPatch patch)
    {
        ArgumentException.ThrowIfNullOrEmpty(source);
        ArgumentException.ThrowIfNullOrEmpty(destination);
        ArgumentNullException.ThrowIfNull(patch);
        (source, destination) = (Path.GetFullPath(source), Path.GetFullPath(destination));

        using var model = File.OpenHandle(source);
        RefuseTooLarge(RandomAccess.GetLength(model));
        var reader = new WireReader(model);
        var index = new ModelIndex(reader);
        var (sourceFolder, destinationFolder) = (Path.GetDirectoryName(source)!, Path.GetDirectoryName(destination)!);
        var external = new ExternalData(reader, index.ExternalTensors, sourceFolder, destinationFolder);
        RefuseOverwriting(
            sources: [source, .. external.Files.Select(f => f.Source)],
            destinations: [destination, .. external.Files.Select(f => f.Destination)]);

        var edits = new WireEdits();
        Edit(patch, new(reader, index, external, edits), index);
        var (splices, growth) = edits.Finish();
        RefuseTooLarge(RandomAccess.GetLength(model) + growth);

        using var files = new AtomicFiles();
        foreach (var file in external.Files)
        {
            using var data = File.OpenHandle(file.Source);
            files.Write(file.Destination, stream => Splice.Copy(data, file.Splices, stream));
        }
        files.Write(destination, stream => Splice.Copy(model, splices, stream));
        files.Commit();
    }

    private static void Edit(ModelPatch patch, GraphEditor editor, ModelIndex index)
    {
        var shapes = patch.ValueShapes.ToDictionary();
        foreach (var (name, tensor) in patch.Tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
        {
            if (editor.Tensor(name, tensor) && index.Values(name).Any())
                shapes.TryAdd(name, [.. tensor.Dims]);
        }
        foreach (var (name, dims) in shapes)
            editor.Shape(name, dims);
        foreach (var (name, added) in patch.AddedInitializers.OrderBy(t => t.Key, StringComparer.Ordinal))
            editor.Add(name, added);
    }

    private static void RefuseTooLarge(long bytes)
    {
        if (bytes > int.MaxValue)
            throw new ModelPatchException(
                $"The model file would have {bytes} bytes, and protobuf allows {int.MaxValue}; "
                + "keep its tensors as external data.");
    }

    private static void RefuseOverwriting(IEnumerable<string> sources, IReadOnlyList<string> destinations)
    {
        var comparer = OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;
        var taken = sources.Select(ContainedPath.Real).ToHashSet(comparer);
        foreach (var path in destinations)
        {
            if (Directory.Exists(path) || !taken.Add(ContainedPath.Real(path)))
                throw new ModelPatchException(
                    $"'{path}' cannot be written: it is a folder, a file of the original model, or wanted twice; "
                    + "choose another folder.");
        }
    }
}
