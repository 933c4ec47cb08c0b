using System.Buffers.Binary;
using System.Text;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

/// <summary>The header of one NumPy array file.</summary>
/// <param name="Type">The type of the elements.</param>
/// <param name="Shape">The length of each axis.</param>
/// <remarks>Source:
/// <see href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">numpy.lib.format</see>, versions
/// 1.0, 2.0 and 3.0. Big-endian, structured and object arrays and Fortran order are refused.</remarks>
internal sealed record NpyHeader(ElementType Type, long[] Shape)
{
    // A header holds a type and a shape: a longer one is not one of ours to trust. NumPy's own limit is 10,000.
    private const int MaxLength = 65536;

    internal static NpyHeader Read(DataReader reader)
    {
        Span<byte> preamble = stackalloc byte[8];
        reader.Read(preamble, "the .npy preamble");
        if (preamble[0] != 0x93 || !preamble[1..6].SequenceEqual("NUMPY"u8))
            throw reader.Fail(@"it does not start with \x93NUMPY; write it with numpy.save or numpy.savez", 0);

        var (major, minor) = (preamble[6], preamble[7]);
        if (major is not (1 or 2 or 3) || minor != 0)
            throw reader.Fail($".npy version {major}.{minor} is unknown; write it with version 1.0, 2.0 or 3.0", 6);

        Span<byte> size = stackalloc byte[major == 1 ? 2 : 4];
        reader.Read(size, "the header's length");
        var length = major == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(size)
            : BinaryPrimitives.ReadUInt32LittleEndian(size);
        if (length > MaxLength)
            throw reader.Fail($"the header claims {length} bytes; at most {MaxLength} are read", 8);

        var start = reader.Position;
        var text = reader.ReadBlock((int)length, "the header");
        return new NpyHeaderParser(reader, start, Encoding.Latin1.GetString(text)).Parse();
    }
}
