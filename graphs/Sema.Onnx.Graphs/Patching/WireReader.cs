using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Reads the structure of a protobuf file: tags and lengths through a small window, payloads only where asked.</summary>
internal sealed class WireReader(SafeFileHandle file)
{
    private const int LongestString = 1 << 20;
    private const ulong LargestFieldNumber = (1 << 29) - 1;

    private readonly byte[] _window = new byte[16 << 10];
    private long _windowStart;
    private int _windowLength;

    /// <summary>Gets the whole file as a message.</summary>
    public WireMessage Root { get; } = new(null, new(0, WireType.Bytes, 0, 0, 0, RandomAccess.GetLength(file), 0));

    /// <summary>The fields of a message in file order, known and unknown ones.</summary>
    /// <exception cref="ModelPatchException">The message is malformed.</exception>
    public IEnumerable<WireField> Fields(WireMessage message)
    {
        var end = message.Place.End;
        for (var at = message.Place.Start; at < end;)
        {
            var field = ReadField(at, end);
            yield return field;
            at = field.End;
        }
    }

    /// <summary>The fields of that number that are messages themselves.</summary>
    public IEnumerable<WireMessage> Messages(WireMessage message, int number) =>
        from field in Fields(message)
        where field.Number == number && field.Type == WireType.Bytes
        select new WireMessage(message, field);

    /// <summary>A singular string; of several the last, as protobuf has it; empty where there is none.</summary>
    public string String(WireMessage message, int number) => Strings(message, number).LastOrDefault("");

    /// <summary>A repeated string.</summary>
    public IEnumerable<string> Strings(WireMessage message, int number) =>
        Messages(message, number).Select(m => Text(m.Place));

    /// <summary>A singular integer; of several the last; 0 where there is none.</summary>
    public long Integer(WireMessage message, int number) =>
        (long)Fields(message).LastOrDefault(f => f.Number == number && f.Type == WireType.Varint).Value;

    /// <summary>A repeated integer, packed or not.</summary>
    public IEnumerable<long> Integers(IEnumerable<WireField> fields)
    {
        foreach (var field in fields)
        {
            if (field.Type == WireType.Varint)
                yield return (long)field.Value;
            for (var at = field.Start; field.Type == WireType.Bytes && at < field.End;)
            {
                (var value, at) = ReadVarint(at, field.End);
                yield return (long)value;
            }
        }
    }

    private WireField ReadField(long tag, long limit)
    {
        var (key, start) = ReadVarint(tag, limit);
        if (key >> 3 is 0 or > LargestFieldNumber)
            throw Malformed(tag, $"field number {key >> 3} does not exist");
        var (prefix, value, rest) = (start, 0UL, (ulong)(limit - start));
        var type = (WireType)(key & 7);
        switch (type)
        {
            case WireType.Varint:
                (value, var end) = ReadVarint(start, limit);
                return new((int)(key >> 3), type, tag, start, start, end, value);
            case WireType.Bytes:
                (value, start) = ReadVarint(start, limit);
                rest = (ulong)(limit - start);
                break;
            case WireType.Fixed32:
                value = sizeof(uint);
                break;
            case WireType.Fixed64:
                value = sizeof(ulong);
                break;
            default:
                throw Malformed(tag, $"wire type {(int)type} is none that ONNX uses");
        }
        if (value > rest)
            throw Malformed(prefix, $"a field of {value} bytes begins where its message has {rest} left");
        return new((int)(key >> 3), type, tag, prefix, start, start + (long)value, 0);
    }

    private (ulong Value, long Next) ReadVarint(long offset, long limit)
    {
        ulong value = 0;
        for (var i = 0; i < 10; i++)
        {
            if (offset + i >= limit)
                throw Malformed(offset, "a number is cut off by the end of its message");
            var part = ByteAt(offset + i);
            value |= (part & 0x7FUL) << (7 * i);
            if (part < 0x80)
                return (value, offset + i + 1);
        }
        throw Malformed(offset, "a number is longer than 10 bytes");
    }

    private string Text(WireField field)
    {
        if (field.Length > LongestString)
            throw Malformed(field.Start, $"a name of {field.Length} bytes is longer than the {LongestString} allowed");
        var bytes = new byte[field.Length];
        for (var i = 0; i < bytes.Length; i++)
            bytes[i] = ByteAt(field.Start + i);
        return Encoding.UTF8.GetString(bytes);
    }

    private byte ByteAt(long offset)
    {
        if (offset < _windowStart || offset >= _windowStart + _windowLength)
        {
            _windowLength = RandomAccess.Read(file, _window, _windowStart = offset);
            if (_windowLength == 0)
                throw new EndOfStreamException("The model file became shorter while it was read; stop who writes to it.");
        }
        return _window[offset - _windowStart];
    }

    private static ModelPatchException Malformed(long offset, string what) =>
        new($"The model file is malformed at byte {offset}: {what}. Is it a complete ONNX file?", offset: offset);
}
