using System.Globalization;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>Reads tensors that a model keeps in files of their own, never outside the model's folder.</summary>
/// <param name="folder">The model's folder, or <see langword="null"/> for a model that has none.</param>
internal sealed class ExternalData(string? folder)
{
    internal ReadOnlyMemory<byte> Read(TensorProto tensor)
    {
        var entries = tensor.ExternalData.GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Last().Value);
        var path = Resolve(entries.GetValueOrDefault("location") ?? "", tensor.Name);
        using var file = File.OpenRead(path);
        var offset = Number("offset") ?? 0;
        var length = Number("length") ?? file.Length - offset;
        if (offset < 0 || length < 0 || offset > file.Length || length > file.Length - offset || length > Array.MaxLength)
        {
            throw new InvalidModelException(
                $"The tensor '{tensor.Name}' claims {length} bytes at {offset} of '{path}', which holds {file.Length}.");
        }

        var bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;

        long? Number(string key) => !entries.TryGetValue(key, out var text) ? null
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new InvalidModelException($"The tensor '{tensor.Name}' has external data with the {key} '{text}', which is no number.");
    }

    private string Resolve(string location, string tensor)
    {
        if (folder is null)
            throw new InvalidModelException($"The tensor '{tensor}' is kept in another file; read the model from its folder.");
        var root = Path.GetFullPath(folder);
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
