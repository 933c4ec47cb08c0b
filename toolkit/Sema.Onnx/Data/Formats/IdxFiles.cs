using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

/// <summary>MNIST's format: images uint8 [1,H,W] and labels int64 in big-endian IDX files.</summary>
/// <remarks>Source: Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits, "File formats".</remarks>
internal static class IdxFiles
{
    // 0, 0, element type (8: unsigned byte), number of axes
    private const uint ImagesMagic = 0x00000803;
    private const uint LabelsMagic = 0x00000801;

    /// <summary>Reads <c>train-*</c> and, where present, <c>t10k-*</c> from a folder.</summary>
    internal static DataSplit Load(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DataException($"{folder} is not a folder; idx:DIR needs one that holds " +
                "train-images-idx3-ubyte and its siblings.", folder);

        var test = Find(folder, "t10k-images", "idx3") is not null || Find(folder, "t10k-labels", "idx1") is not null;
        return new DataSplit(LoadPart(folder, "train"), test ? LoadPart(folder, "t10k") : null);
    }

    private static MemoryDataset LoadPart(string folder, string part) => new(
        DataFile.Read(Require(folder, $"{part}-images", "idx3"), ReadImages),
        DataFile.Read(Require(folder, $"{part}-labels", "idx1"), ReadLabels));

    private static string Require(string folder, string name, string kind) =>
        Find(folder, name, kind) ?? throw new DataException(
            $"{folder} holds no {name}-{kind}-ubyte (nor {name}.{kind}-ubyte, nor either with .gz); put it there or " +
                "pass another folder.", folder);

    private static string? Find(string folder, string name, string kind) =>
        new[] { $"{name}-{kind}-ubyte", $"{name}.{kind}-ubyte", $"{name}-{kind}-ubyte.gz", $"{name}.{kind}-ubyte.gz" }
            .Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    private static StoredArray ReadImages(DataReader reader)
    {
        ExpectMagic(reader, ImagesMagic, "images (unsigned bytes, 3 axes)");
        var count = ReadAxis(reader, "the number of images");
        var height = ReadAxis(reader, "the height");
        var width = ReadAxis(reader, "the width");
        var image = reader.Spec(ElementType.UInt8, 1, height, width);
        var images = SampleStore.Read(reader, count, image.ByteCount);
        reader.ExpectEnd();
        return new StoredArray(reader.Name, count, image, images);
    }

    private static StoredArray ReadLabels(DataReader reader)
    {
        ExpectMagic(reader, LabelsMagic, "labels (unsigned bytes, 1 axis)");
        var count = ReadAxis(reader, "the number of labels");
        var bytes = reader.ReadBlock(count, "the labels");
        reader.ExpectEnd();
        long[] labels = [.. bytes.Select(label => (long)label)];
        return new StoredArray(reader.Name, count, new ArraySpec(ElementType.Int64),
            SampleStore.Over(MemoryMarshal.AsBytes(labels.AsSpan()).ToArray(), sizeof(long)));
    }

    private static void ExpectMagic(DataReader reader, uint expected, string content)
    {
        var magic = reader.ReadUInt32BigEndian("the IDX header");
        if (magic != expected)
            throw reader.Fail($"the file starts with 0x{magic:x8}, but IDX {content} start with 0x{expected:x8}; is " +
                "it another file under this name?", 0);
    }

    private static int ReadAxis(DataReader reader, string what)
    {
        var offset = reader.Position;
        var length = reader.ReadUInt32BigEndian(what);
        if (length is 0 or > int.MaxValue)
            throw reader.Fail($"{what} is {length}; it must be from 1 to {int.MaxValue}", offset);
        return (int)length;
    }
}
