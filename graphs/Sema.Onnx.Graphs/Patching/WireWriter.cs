using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Writes protobuf fields one after the other.</summary>
internal sealed class WireWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    /// <summary>A number alone, seven bits a byte.</summary>
    public WireWriter Number(ulong value)
    {
        Span<byte> bytes = stackalloc byte[10];
        var count = 0;
        for (; value >= 0x80; value >>= 7)
            bytes[count++] = (byte)(value | 0x80);
        bytes[count++] = (byte)value;
        _bytes.Write(bytes[..count]);
        return this;
    }

    /// <summary>A tag, and for <see cref="WireType.Bytes"/> nothing more: length and payload are to follow.</summary>
    public WireWriter Tag(int number, WireType type) => Number(((ulong)number << 3) | (ulong)type);

    /// <summary>An integer field.</summary>
    public WireWriter Integer(int number, long value) => Tag(number, WireType.Varint).Number((ulong)value);

    /// <summary>A bytes or message field.</summary>
    public WireWriter Bytes(int number, ReadOnlyMemory<byte> payload)
    {
        Tag(number, WireType.Bytes).Number((ulong)payload.Length);
        _bytes.Write(payload.Span);
        return this;
    }

    /// <summary>A string field.</summary>
    public WireWriter String(int number, string text) => Bytes(number, Encoding.UTF8.GetBytes(text));

    /// <summary>A repeated number field: packed into one payload, or each element with a tag of its own.</summary>
    public WireWriter Repeated(int number, WireType element, bool packed, IEnumerable<ulong> values)
    {
        if (packed)
        {
            var payload = new WireWriter();
            foreach (var value in values)
                payload.Element(element, value);
            return Bytes(number, payload.Written);
        }
        foreach (var value in values)
            Tag(number, element).Element(element, value);
        return this;
    }

    private WireWriter Element(WireType type, ulong value)
    {
        switch (type)
        {
            case WireType.Fixed32:
                BinaryPrimitives.WriteUInt32LittleEndian(_bytes.GetSpan(4), (uint)value);
                _bytes.Advance(4);
                return this;
            case WireType.Fixed64:
                BinaryPrimitives.WriteUInt64LittleEndian(_bytes.GetSpan(8), value);
                _bytes.Advance(8);
                return this;
            default:
                return Number(value);
        }
    }
}
