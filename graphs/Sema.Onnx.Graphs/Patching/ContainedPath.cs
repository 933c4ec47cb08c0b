namespace Sema.Onnx.Graphs.Patching;

/// <summary>Paths out of a model file, which may lead nowhere but into the model's folder.</summary>
internal static class ContainedPath
{
    private const int MostLinks = 40; // as Linux

    /// <summary>The full path of a location in a folder.</summary>
    /// <exception cref="ModelPatchException">The location leads, or its links lead, out of the folder.</exception>
    public static string Combine(string folder, string location)
    {
        var isDrive = location.Length > 1 && char.IsAsciiLetter(location[0]) && location[1] == ':';
        if (location.Length == 0 || location.AsSpan().ContainsAny('\0', '\\') || isDrive || Path.IsPathRooted(location)
            || location.Split('/').Contains("..") || !IsInside(Real(Path.Combine(folder, location)), Real(folder)))
            throw new ModelPatchException(
                $"The model keeps data at '{location}', which leads out of the folder '{folder}'; "
                + ""
                + "data files must lie in the model's folder, under a relative path with forward slashes.");
        return Path.GetFullPath(Path.Combine(folder, location));
    }

    /// <summary>The path with all symbolic links followed; what does not exist is taken as it is.</summary>
    /// <exception cref="ModelPatchException">The links go round in a circle.</exception>
    public static string Real(string path)
    {
        var links = 0;
        return Follow("", Path.GetFullPath(path), ref links);
    }

    private static string Follow(string real, string path, ref int links)
    {
        var root = Path.GetPathRoot(path) ?? "";
        real = root.Length > 0 ? root : real;
        foreach (var part in path[root.Length..].Split(Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar))
        {
            var next = Path.Combine(real, part);
            if (part is "..")
                real = Path.GetDirectoryName(real) ?? real; // real has no links left, so its parent is the parent
            else if (part is not ("" or "."))
                real = new FileInfo(next).LinkTarget is not { } target ? next
                    : ++links <= MostLinks ? Follow(real, target, ref links)
                    : throw new ModelPatchException(
                        $"The path '{path}' has more than {MostLinks} symbolic links; do they go round in a circle?");
        }
        return real;
    }

    private static bool IsInside(string path, string folder)
    {
        var prefix = Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar;
        return path.StartsWith(prefix, StringComparison.Ordinal);
    }
}
