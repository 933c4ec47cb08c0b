using System.Runtime.InteropServices;
using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>Tensors between the file's many encodings and one: row-major, little-endian bytes.</summary>
internal static class TensorCodec
{
    internal static Tensor Read(TensorProto proto, ExternalData external)
    {
        var type = (ElementType)proto.DataType;
        long[] dims = [.. proto.Dims];
        var count = Tensor.ElementCount(dims);
        if (type == ElementType.String)
            return ReadStrings(proto, dims, count);
        if (type.Size() == 0 && !type.IsHalfByte())
            throw new InvalidModelException($"The tensor '{proto.Name}' has elements of type code {proto.DataType}, which is not read.");

        var stretch = proto.DataLocation == TensorProto.Types.DataLocation.External ? external.Find(proto) : null;
        var data = stretch is not null ? default : proto.HasRawData ? proto.RawData.Memory : Typed(proto, type);
        var held = stretch?.Length ?? data.Length;
        if (held != type.ByteLength(count))
            throw new InvalidModelException($"The tensor '{proto.Name}' of shape {Shape.Of(dims)} needs {type.ByteLength(count)} bytes, but its file holds {held}.");
        if (held > Array.MaxLength)
            throw new InvalidModelException($"The tensor '{proto.Name}' of shape {Shape.Of(dims)} takes {held} bytes; tensors above 2 GiB are not read, split it into several.");
        return stretch is null ? new(type, dims, data) : Tensor.InFile(type, dims, stretch);
    }

    private static Tensor ReadStrings(TensorProto proto, long[] dims, long count) => proto.StringData.Count == count
        ? Tensor.OfStrings(dims, [.. proto.StringData.Select(s => s.ToByteArray())])
        : throw new InvalidModelException(
            $"The tensor '{proto.Name}' of shape {Shape.Of(dims)} needs {count} strings, but its file holds {proto.StringData.Count}.");

    internal static TensorProto Write(Tensor tensor, string name)
    {
        var proto = new TensorProto { DataType = (int)tensor.Type };
        if (name.Length > 0)
            proto.Name = name;
        proto.Dims.AddRange(tensor.Dims);
        if (tensor.Type == ElementType.String)
            proto.StringData.AddRange(tensor.Strings.Select(s => ByteString.CopyFrom(s)));
        else
            proto.RawData = UnsafeByteOperations.UnsafeWrap(tensor.Data);
        return proto;
    }

    // The typed fields hold what fits them: int32_data every type of at most 32 bits, small floats as their bit patterns, two halves of a byte as one number.
    private static ReadOnlyMemory<byte> Typed(TensorProto proto, ElementType type) => type switch
    {
        ElementType.Float32 or ElementType.Complex64 => Bytes<float>([.. proto.FloatData]),
        ElementType.Float64 or ElementType.Complex128 => Bytes<double>([.. proto.DoubleData]),
        ElementType.Int64 => Bytes<long>([.. proto.Int64Data]),
        ElementType.UInt64 => Bytes<ulong>([.. proto.Uint64Data]),
        ElementType.UInt32 => Bytes<uint>([.. proto.Uint64Data.Select(v => (uint)v)]),
        ElementType.Int32 => Bytes<int>([.. proto.Int32Data]),
        ElementType.Int16 or ElementType.UInt16 or ElementType.Float16 or ElementType.BFloat16 =>
            Bytes<ushort>([.. proto.Int32Data.Select(v => (ushort)v)]),
        _ => Bytes<byte>([.. proto.Int32Data.Select(v => (byte)v)]),
    };

    private static byte[] Bytes<T>(T[] elements)
        where T : unmanaged => MemoryMarshal.AsBytes(elements.AsSpan()).ToArray();
}
