using System.IO.Compression;

namespace Sema.Onnx.Data.Formats;

/// <summary>NumPy archives: arrays <c>input</c> and <c>target</c>, whose first axes count the samples.</summary>
internal static class NpzFiles
{
    /// <summary>Reads <c>train.npz</c> and, where present, <c>test.npz</c> of a folder; or one file, whose test part,
    /// if any, is its arrays <c>test_input</c> and <c>test_target</c>.</summary>
    internal static DataSplit Load(string path) => Directory.Exists(path) ? LoadFolder(path) : LoadFile(path);

    /// <summary>Reads every array of a file, by name.</summary>
    internal static IReadOnlyDictionary<string, StoredArray> ReadAll(string path) => DataFile.Guard(path, () =>
    {
        using var archive = ZipFile.OpenRead(path);
        return archive.Entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal))
            .Select(entry => entry.FullName[..^".npy".Length]).Distinct()
            .ToDictionary(name => name, name => ReadArray(archive, path, name));
    });

    private static DataSplit LoadFolder(string folder)
    {
        var train = Path.Combine(folder, "train.npz");
        if (!File.Exists(train))
            throw new DataException($"{folder} holds no train.npz; put it there, or name one file with " +
                "npz:FILE.", folder);

        var test = Path.Combine(folder, "test.npz");
        return new DataSplit(LoadFile(train).Train, File.Exists(test) ? LoadFile(test).Train : null);
    }

    private static DataSplit LoadFile(string path) => DataFile.Guard(path, () =>
    {
        using var archive = ZipFile.OpenRead(path);
        var hasTest = archive.GetEntry("test_input.npy") is not null || archive.GetEntry("test_target.npy") is not null;
        return new DataSplit(
            LoadPart(archive, path, "input", "target"),
            hasTest ? LoadPart(archive, path, "test_input", "test_target") : null);
    });

    private static MemoryDataset LoadPart(ZipArchive archive, string path, string input, string target) =>
        new(ReadArray(archive, path, input), ReadArray(archive, path, target));

    private static StoredArray ReadArray(ZipArchive archive, string path, string name)
    {
        var entry = archive.GetEntry($"{name}.npy")
            ?? throw new DataException($"{path} holds no array '{name}', only {List(archive)}; " +
                "write it with numpy.savez(path, input=..., target=...).", path);
        using var content = entry.Open();
        var checksum = new Crc32();
        var reader = new DataReader(content, path, name, checksum);
        var array = NpyArray.Read(reader, entry.Length);
        return checksum.Value == entry.Crc32
            ? array
            : throw reader.Fail($"the checksum of the array is {checksum.Value:x8} and should be {entry.Crc32:x8}; " +
                "the file is damaged, fetch or write it again");
    }

    private static string List(ZipArchive archive) => archive.Entries.Count == 0
        ? "nothing"
        : string.Join(", ", archive.Entries.Take(10)
            .Select(entry => $"'{Path.GetFileNameWithoutExtension(entry.Name)}'"));
}
