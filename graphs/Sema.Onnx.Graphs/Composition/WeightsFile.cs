using System.Security.Cryptography;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Writes <c>weights.bin</c> from front to back, piece by piece, and makes its digest on the way.</summary>
/// <param name="path">Where to.</param>
internal sealed class WeightsFile(string path) : IDisposable
{
    /// <summary>Where tensors begin: at a multiple of this many bytes.</summary>
    internal const int Boundary = 256;

    private static readonly byte[] Nothing = new byte[1 << 16];

    private readonly FileStream _file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _end;

    /// <summary>Writes a tensor at the next boundary.</summary>
    /// <returns>Where it is.</returns>
    internal ExternalSlice Append(Tensor tensor)
    {
        Align();
        var slice = new ExternalSlice(ArtifactFolder.Weights, _end, tensor.Type, tensor.Dims);
        tensor.ReadPieces(piece =>
        {
            _file.Write(piece);
            _hash.AppendData(piece);
            return true;
        });
        _end += tensor.ByteLength;
        return slice;
    }

    /// <summary>Writes zeros up to a place; most file systems keep many of them as a hole, without a byte on the disk.</summary>
    /// <param name="end">The place, which nothing was written behind.</param>
    internal void ZerosTo(long end) => Zeros(end - _end);

    /// <summary>Writes zeros from the next boundary on.</summary>
    /// <returns>Where they begin.</returns>
    internal long AppendZeros(long count)
    {
        Align();
        Zeros(count);
        return _end - count;
    }

    /// <summary>Ends the file.</summary>
    /// <returns>Its SHA-256, in hexadecimal.</returns>
    internal string Finish()
    {
        _file.Dispose();
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }

    private void Align() => Zeros((_end + Boundary - 1) / Boundary * Boundary - _end);

    private void Zeros(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count == 0)
            return;
        _end += count;
        _file.SetLength(_end);
        _file.Position = _end;
        for (; count > 0; count -= Math.Min(count, Nothing.Length))
            _hash.AppendData(Nothing, 0, (int)Math.Min(count, Nothing.Length));
    }
}
