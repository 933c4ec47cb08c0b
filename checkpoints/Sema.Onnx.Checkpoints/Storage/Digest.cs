using System.Security.Cryptography;

namespace Sema.Onnx.Checkpoints.Storage;

/// <summary>SHA-256 as 64 lower-case hexadecimal digits.</summary>
internal static class Digest
{
    internal const int Length = 64;

    internal static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The digest of bytes that are handed over piece by piece.</summary>
    internal static string Of(Action<Action<ReadOnlySpan<byte>>> source)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        source(hash.AppendData);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
