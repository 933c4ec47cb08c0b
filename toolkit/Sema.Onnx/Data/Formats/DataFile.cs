using System.IO.Compression;

namespace Sema.Onnx.Data.Formats;

/// <summary>Opens files, and turns what the system says of them into a <see cref="DataException"/>.</summary>
internal static class DataFile
{
    /// <summary>Reads a file whole; one that ends in <c>.gz</c> is decompressed.</summary>
    internal static T Read<T>(string path, Func<DataReader, T> read) => Guard(path, () =>
    {
        using var file = File.OpenRead(path);
        if (!path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
            return read(new DataReader(file, path));

        using var content = new GZipStream(file, CompressionMode.Decompress);
        return read(new DataReader(content, path));
    });

    /// <summary>Runs <paramref name="read"/> and names the file in what it throws.</summary>
    internal static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataException($"{path} does not exist; check the path after --data.", path, inner: e);
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException)
        {
            throw new DataException($"{path} is damaged, or compressed in a way that cannot be read " +
                $"({e.Message.TrimEnd('.')}); fetch or write it again.", path, inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path} cannot be read: {e.Message}", path, inner: e);
        }
    }
}
