using System.Buffers.Binary;

namespace Sema.Onnx.Metrics;

/// <summary>A record of a TFRecord file: its length (uint64), the length's checksum, the data, the data's checksum;
/// little-endian.</summary>
/// <remarks>Source:
/// <see href="https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details"/>.</remarks>
internal static class TfRecord
{
    private const int HeaderSize = 12, FooterSize = 4;

    /// <summary>Writes one record in one piece.</summary>
    public static void Write(Stream stream, ReadOnlySpan<byte> data)
    {
        var record = new byte[HeaderSize + data.Length + FooterSize];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Crc32C.Masked(record.AsSpan(0, 8)));
        data.CopyTo(record.AsSpan(HeaderSize));
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(HeaderSize + data.Length), Crc32C.Masked(data));
        stream.Write(record);
    }
}
