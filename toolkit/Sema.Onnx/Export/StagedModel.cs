using Sema.Onnx.Graphs.Patching;

namespace Sema.Onnx.Export;

/// <summary>A model written beside its place, in a folder of its own, and moved there only when it is proven.</summary>
internal sealed class StagedModel : IDisposable
{
    private readonly string _original;
    private readonly string _output;
    private readonly IReadOnlyCollection<string> _kept;
    private readonly StagingFolder _folder;

    /// <param name="original">The model that the new one is made of.</param>
    /// <param name="output">The place.</param>
    /// <param name="kept">Real paths of more files that are never overwritten; <see langword="null"/> for none.</param>
    /// <exception cref="ExportException">The place is a folder, or one of the files that are never overwritten.</exception>
    internal StagedModel(string original, string output, IReadOnlyCollection<string>? kept = null)
    {
        (_original, _output, _kept) = (System.IO.Path.GetFullPath(original), System.IO.Path.GetFullPath(output), kept ?? []);
        if (Directory.Exists(_output))
            throw new ExportException($"'{output}' is a folder; name the .onnx file to write.");
        if (ContainedPath.Real(_output) == ContainedPath.Real(_original))
            throw new ExportException($"'{output}' is the original model, which is never overwritten; name another file.");
        if (_kept.Contains(ContainedPath.Real(_output)))
            throw new ExportException($"'{output}' is a file of one of the models, which are never overwritten; name another file.");

        _folder = new(_output);
        Path = System.IO.Path.Combine(_folder.Path, System.IO.Path.GetFileName(_output));
    }

    /// <summary>Gets where to write the model; its data files go beside it.</summary>
    internal string Path { get; }

    /// <summary>Gets the size of all files, in bytes, once they are in their places.</summary>
    internal long Size { get; private set; }

    /// <summary>Moves the files into their places, the model last.</summary>
    /// <returns>The model's full path.</returns>
    /// <exception cref="ExportException">A data file would take the place of one of the original's.</exception>
    internal string Commit()
    {
        var files = new DirectoryInfo(_folder.Path).GetFiles("*", SearchOption.AllDirectories)
            .Select(f => (From: f.FullName, Relative: System.IO.Path.GetRelativePath(_folder.Path, f.FullName), f.Length))
            .OrderBy(f => f.From == Path).ToList();
        var (source, destination) = (System.IO.Path.GetDirectoryName(_original)!, System.IO.Path.GetDirectoryName(_output)!);
        foreach (var (from, relative, _) in files)
        {
            var place = ContainedPath.Real(System.IO.Path.Combine(destination, relative));
            if (Directory.Exists(place))
                throw new ExportException($"The data file '{relative}' of the export cannot be written: a folder has its place; export to another folder.");
            if (place == ContainedPath.Real(_original) || (from != Path && place == ContainedPath.Real(System.IO.Path.Combine(source, relative))))
                throw new ExportException($"The data file '{relative}' of the export would overwrite one of the original model; export to another folder.");
            if (_kept.Contains(place))
                throw new ExportException($"The data file '{relative}' of the export would overwrite one of another model; export to another folder.");
        }

        foreach (var (from, relative, length) in files)
        {
            var place = System.IO.Path.Combine(destination, relative);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(place)!);
            File.Move(from, place, overwrite: true);
            Size += length;
        }

        return _output;
    }

    /// <summary>Deletes what was not moved.</summary>
    public void Dispose() => _folder.Dispose();
}
