using System.Buffers.Binary;

namespace Sema.Onnx.Data.Formats;

/// <summary>The checksum of zip archives, which .NET's own reader does not compare. Eight bytes a step.</summary>
/// <remarks>Polynomial 0xEDB88320 (reflected), as in ISO 3309. Source of the tables: M. Kounavis, F. Berry, Novel table
/// lookup-based algorithms for high-performance CRC generation, IEEE Transactions on Computers, 2008.</remarks>
internal sealed class Crc32
{
    // Tables[k][b]: what the byte b becomes k bytes later.
    private static readonly uint[][] Tables = MakeTables();

    private uint _state = ~0u;

    /// <summary>Gets the checksum of all that was appended.</summary>
    internal uint Value => ~_state;

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        var (t, crc) = (Tables, _state);
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            var low = crc ^ BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = t[7][low & 0xff] ^ t[6][(low >> 8) & 0xff] ^ t[5][(low >> 16) & 0xff] ^ t[4][low >> 24]
                ^ t[3][high & 0xff] ^ t[2][(high >> 8) & 0xff] ^ t[1][(high >> 16) & 0xff] ^ t[0][high >> 24];
        }

        foreach (var value in bytes)
            crc = (crc >> 8) ^ t[0][(crc ^ value) & 0xff];
        _state = crc;
    }

    private static uint[][] MakeTables()
    {
        uint[][] tables = [.. Enumerable.Range(0, 8).Select(_ => new uint[256])];
        for (var value = 0u; value < 256; value++)
        {
            var crc = value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
            tables[0][value] = crc;
        }

        for (var k = 1; k < 8; k++)
        {
            for (var value = 0; value < 256; value++)
                tables[k][value] = (tables[k - 1][value] >> 8) ^ tables[0][tables[k - 1][value] & 0xff];
        }

        return tables;
    }
}
