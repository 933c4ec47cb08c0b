using System.Numerics;

namespace Sema.Onnx.Metrics;

/// <summary>The Castagnoli checksum (reflected polynomial 0x82F63B78), of RFC 3720, and the masked form that TFRecord
/// stores.</summary>
internal static class Crc32C
{
    public static uint Compute(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var b in data)
            crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }

    /// <summary>Rotates right by 15 and adds a constant, so that data holding its own checksum does not defeat
    /// it.</summary>
    public static uint Masked(ReadOnlySpan<byte> data) => BitOperations.RotateRight(Compute(data), 15) + 0xA282EAD8;
}
