using System.Globalization;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>Finds tensors that a model keeps in files of their own, never outside the model's folder.</summary>
/// <param name="model">The model's file, or <see langword="null"/> for a model that has none.</param>
internal sealed class ExternalData(string? model)
{
    /// <summary>The key that says that a tensor's data file is the model's own; see <see cref="ModelSkeleton"/>.</summary>
    internal const string Self = "sema.self";

    private readonly string? _folder = model is null ? null : Path.GetDirectoryName(Path.GetFullPath(model));

    /// <summary>Finds a tensor's bytes; nothing but the file's length is read.</summary>
    /// <exception cref="InvalidModelException">They are outside the folder, or beyond the file's end.</exception>
    internal FileStretch Find(TensorProto tensor)
    {
        var entries = tensor.ExternalData.GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        var path = model is not null && entries.ContainsKey(Self) ? Real(Path.GetFullPath(model)) : Resolve(entries.GetValueOrDefault("location") ?? "", tensor.Name);
        var held = FileStretch.LengthOf(path);
        var offset = Number("offset") ?? 0;
        var length = Number("length") ?? held - offset;
        return offset >= 0 && length >= 0 && offset <= held && length <= held - offset
            ? Stretch(path, offset, length)
            : throw new InvalidModelException($"The tensor '{tensor.Name}' claims {length} bytes at {offset} of '{path}', which holds {held}.");

        long? Number(string key) => !entries.TryGetValue(key, out var text) ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new InvalidModelException($"The tensor '{tensor.Name}' has external data with the {key} '{text}', which is no number.");
    }

    // A model that is a link to another place has its own data there.
    private FileStretch Stretch(string path, long offset, long length) => Within(_folder!, path)
        ? new(_folder!, Path.GetRelativePath(_folder!, path), offset, length)
        : new(Path.GetDirectoryName(path)!, Path.GetFileName(path), offset, length);

    private string Resolve(string location, string tensor)
    {
        if (_folder is null)
            throw new InvalidModelException($"The tensor '{tensor}' is kept in another file; read the model from its folder.");
        var root = _folder;
        var path = location.Contains('\0', StringComparison.Ordinal) ? root : Path.GetFullPath(Path.Combine(root, location));
        if (location.Length == 0 || Path.IsPathRooted(location) || location.Contains(':', StringComparison.Ordinal)
            || !Within(root, path) || !Within(Real(root), Real(path)))
        {
            throw new InvalidModelException(
                $"The tensor '{tensor}' is kept in '{location.Replace('\0', '?')}', which leaves the model's folder; such a model is not read.");
        }

        return File.Exists(path) ? path : throw new InvalidModelException($"The tensor '{tensor}' is kept in '{path}', which is missing.");
    }

    private static bool Within(string root, string path) =>
        path.StartsWith(root.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    // Every link on the way is followed, as the system would follow it.
    private static string Real(string path)
    {
        var real = Path.GetPathRoot(path)!;
        foreach (var part in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            FileSystemInfo entry = Directory.Exists(real) ? new DirectoryInfo(real) : new FileInfo(real);
            real = entry.LinkTarget is null ? real : Real(entry.ResolveLinkTarget(returnFinalTarget: true)!.FullName);
        }

        return real;
    }
}
