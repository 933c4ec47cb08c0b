using System.Buffers.Binary;
using System.Text;

namespace Sema.Onnx.Data.Formats;

/// <summary>Builds .npy files byte by byte.</summary>
internal static class Npy
{
    internal static byte[] File(string descr, string shape, params byte[] data) =>
        WithHeader($"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}", version: 1, data);

    internal static byte[] WithHeader(string header, byte version = 1, params byte[] data)
    {
        var text = Encoding.UTF8.GetBytes(header + " \n");
        var length = new byte[version == 1 ? 2 : 4];
        if (version == 1)
            BinaryPrimitives.WriteUInt16LittleEndian(length, (ushort)text.Length);
        else
            BinaryPrimitives.WriteInt32LittleEndian(length, text.Length);
        return [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y', version, 0, .. length, .. text, .. data];
    }
}
