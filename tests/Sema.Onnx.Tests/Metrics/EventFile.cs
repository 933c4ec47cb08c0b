using System.Buffers.Binary;
using System.Text;

namespace Sema.Onnx.Metrics;

/// <summary>Reads event files by a bitwise checksum and a generic protobuf walk, with nothing of the writer.</summary>
internal static class EventFile
{
    /// <summary>A protobuf field: a varint, or the raw bytes of any other wire type.</summary>
    internal sealed record Field(int Number, ulong Varint, byte[] Bytes)
    {
        public double Double => BinaryPrimitives.ReadDoubleLittleEndian(Bytes);

        public float Float => BinaryPrimitives.ReadSingleLittleEndian(Bytes);

        public string Text => Encoding.UTF8.GetString(Bytes);

        public Field[] Message => Parse(Bytes);
    }

    /// <summary>The events of a file; fails where a checksum or a length is wrong.</summary>
    public static Field[][] Read(byte[] file)
    {
        var events = new List<Field[]>();
        for (var rest = file.AsSpan(); rest.Length > 0;)
        {
            var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(rest);
            var data = rest.Slice(12, length);
            var stored = BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]);
            Assert.AreEqual(Checksum(rest[..8]), stored, "the length's checksum");
            stored = BinaryPrimitives.ReadUInt32LittleEndian(rest[(12 + length)..]);
            Assert.AreEqual(Checksum(data), stored, "the data's checksum");
            events.Add(Parse(data));
            rest = rest[(16 + length)..];
        }
        return [.. events];
    }

    private static Field[] Parse(ReadOnlySpan<byte> message)
    {
        var fields = new List<Field>();
        while (message.Length > 0)
        {
            var key = Varint(ref message);
            var type = key & 7;
            var varint = type is 0 or 2 ? Varint(ref message) : 0;
            var length = type switch
            {
                0 => 0,
                1 => sizeof(double),
                2 => (int)varint,
                5 => sizeof(float),
                _ => throw new InvalidDataException($"wire type {type}"),
            };
            fields.Add(new((int)(key >> 3), varint, message[..length].ToArray()));
            message = message[length..];
        }
        return [.. fields];
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var b = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
    }
}
