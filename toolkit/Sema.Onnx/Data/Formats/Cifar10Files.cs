namespace Sema.Onnx.Data.Formats;

/// <summary>CIFAR-10's binary version: records of a label byte and 3072 bytes of RGB planes.</summary>
/// <remarks>Source: <see href="https://www.cs.toronto.edu/~kriz/cifar.html">A. Krizhevsky, The CIFAR-10
/// dataset</see>.</remarks>
internal static class Cifar10Files
{
    /// <summary>Reads <c>data_batch_*.bin</c>, in the order of their names, and <c>test_batch.bin</c> where
    /// present.</summary>
    internal static DataSplit Load(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DataException($"{folder} is not a folder; cifar10:DIR needs one that holds data_batch_1.bin " +
                "and its siblings.", folder);

        string[] train = [.. Directory.GetFiles(folder, "data_batch_*.bin").Order(StringComparer.Ordinal)];
        if (train.Length == 0)
            throw new DataException($"{folder} holds no data_batch_*.bin; unpack CIFAR-10's binary version there or " +
                "pass another folder.", folder);

        var test = Path.Combine(folder, "test_batch.bin");
        return new DataSplit(LoadPart(train), File.Exists(test) ? LoadPart(test) : null);
    }

    private static Cifar10Dataset LoadPart(params string[] files) => new([.. files.Select(ReadRecords)]);

    private static byte[] ReadRecords(string path) => DataFile.Read(path, reader =>
    {
        var length = new FileInfo(path).Length;
        var (records, rest) = Math.DivRem(length, Cifar10Dataset.RecordBytes);
        if (records == 0 || rest != 0)
        {
            throw reader.Fail($"the file has {length} bytes, which is not a whole number of records of " +
                $"{Cifar10Dataset.RecordBytes} bytes " +
                "(a label and 3 planes of 32x32); it was cut short or is not CIFAR-10's binary version",
                records * Cifar10Dataset.RecordBytes);
        }

        if (length > Array.MaxLength)
            throw reader.Fail($"the file has {length} bytes; split it into files below 2 GiB", 0);
        return reader.ReadBlock((int)length, "the records");
    });
}
