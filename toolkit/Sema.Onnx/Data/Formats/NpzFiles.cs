using System.IO.Compression;

namespace Sema.Onnx.Data.Formats;

/// <summary>NumPy archives: arrays <c>target</c>, and <c>input</c> or one for each of a model's inputs, whose first axes count the samples.</summary>
internal static class NpzFiles
{
    private const string Target = "target", Test = "test_";

    /// <summary>Reads <c>train.npz</c> and, where present, <c>test.npz</c> of a folder; or one file, whose test part,
    /// if any, is its arrays <c>test_target</c>, <c>test_input</c> and so on.</summary>
    internal static DataSplit Load(string path) => Directory.Exists(path) ? LoadFolder(path) : LoadFile(path);

    /// <summary>Reads every array of a file, by name.</summary>
    internal static IReadOnlyDictionary<string, StoredArray> ReadAll(string path) => DataFile.Guard(path, () =>
    {
        using var archive = ZipFile.OpenRead(path);
        return Names(archive).ToDictionary(name => name, name => ReadArray(archive, path, name));
    });

    private static DataSplit LoadFolder(string folder)
    {
        var train = Path.Combine(folder, "train.npz");
        if (!File.Exists(train))
            throw new DataException($"{folder} holds no train.npz; put it there, or name one file with " +
                "npz:FILE.", folder);

        var test = Path.Combine(folder, "test.npz");
        var trained = LoadPart(train, "", shared: null);
        return new DataSplit(trained, File.Exists(test) ? LoadPart(test, "", trained) : null);
    }

    private static DataSplit LoadFile(string path)
    {
        var train = LoadPart(path, "", shared: null);
        return new DataSplit(train, train.Arrays.Any(name => name is Test + "input" or Test + Target) ? LoadPart(path, Test, train) : null);
    }

    // The arrays whose names begin so; the targets, and an input by that name, are read at once, so that a damaged file is known early.
    private static NpzDataset LoadPart(string path, string prefix, IDataset? shared) => DataFile.Guard(path, () =>
    {
        using var archive = ZipFile.OpenRead(path);
        var arrays = Names(archive).Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name != prefix + Target)
            .ToDictionary(name => name[prefix.Length..], name => new Lazy<StoredArray>(() => DataFile.Guard(path, () =>
            {
                using var again = ZipFile.OpenRead(path);
                return ReadArray(again, path, name);
            })));
        var target = ReadArray(archive, path, prefix + Target);
        var part = new NpzDataset(path, arrays, target, shared);
        if (target.IsScalar)
            part.Sampled(target);
        if (arrays.TryGetValue(NpzDataset.InputName, out var input) && arrays.Count == 1)
            part.Sampled(input.Value);
        return part;
    });

    private static IEnumerable<string> Names(ZipArchive archive) => archive.Entries.Where(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal))
        .Select(entry => entry.FullName[..^".npy".Length]).Distinct();

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
