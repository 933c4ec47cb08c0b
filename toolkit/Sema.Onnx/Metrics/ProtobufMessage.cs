using System.Buffers.Binary;
using System.Text;

namespace Sema.Onnx.Metrics;

/// <summary>The few kinds of protobuf field that an event file needs, so that the toolkit depends on no protobuf
/// library.</summary>
/// <remarks>Source: <see href="https://protobuf.dev/programming-guides/encoding/"/>. A field is a key,
/// <c>number · 8 + wire type</c>, then its value.</remarks>
internal sealed class ProtobufMessage
{
    private const int VarintType = 0, Fixed64Type = 1, BytesType = 2, Fixed32Type = 5;
    private readonly List<byte> _bytes = [];

    public ProtobufMessage Int64(int number, long value)
    {
        Key(number, VarintType);
        Varint((ulong)value);
        return this;
    }

    public ProtobufMessage Double(int number, double value)
    {
        Key(number, Fixed64Type);
        Span<byte> fixed64 = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(fixed64, value);
        _bytes.AddRange(fixed64);
        return this;
    }

    public ProtobufMessage Float(int number, float value)
    {
        Key(number, Fixed32Type);
        Span<byte> fixed32 = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(fixed32, value);
        _bytes.AddRange(fixed32);
        return this;
    }

    public ProtobufMessage String(int number, string value) => Bytes(number, Encoding.UTF8.GetBytes(value));

    public ProtobufMessage Message(int number, ProtobufMessage value) => Bytes(number, value.ToArray());

    public byte[] ToArray() => [.. _bytes];

    private ProtobufMessage Bytes(int number, byte[] value)
    {
        Key(number, BytesType);
        Varint((ulong)value.Length);
        _bytes.AddRange(value);
        return this;
    }

    private void Key(int number, int wireType) => Varint((ulong)((number << 3) | wireType));

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.Add((byte)(value | 0x80));
        _bytes.Add((byte)value);
    }
}
