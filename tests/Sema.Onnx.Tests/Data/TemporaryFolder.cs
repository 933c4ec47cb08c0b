using System.IO.Compression;

namespace Sema.Onnx.Data;

/// <summary>A folder of its own for one test, removed with its content.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("sema-").FullName;

    internal string Write(string name, params byte[] bytes)
    {
        var path = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    internal string WriteGzip(string name, params byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return Write(name, packed.ToArray());
    }

    internal string WriteZip(string name, params (string Entry, byte[] Bytes)[] entries)
    {
        using var packed = new MemoryStream();
        using (var zip = new ZipArchive(packed, ZipArchiveMode.Create))
        {
            foreach (var (entry, bytes) in entries)
            {
                using var content = zip.CreateEntry(entry).Open();
                content.Write(bytes);
            }
        }

        return Write(name, packed.ToArray());
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
