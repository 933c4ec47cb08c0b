using System.Runtime.InteropServices;
using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Small models, and protobuf bytes laid out by hand where the generated classes never write them so.</summary>
internal static class Models
{
    public static byte[] Bytes<T>(params ReadOnlySpan<T> values)
        where T : unmanaged => MemoryMarshal.AsBytes(values).ToArray();

    /// <summary>A field of bytes: tag, length, payload.</summary>
    public static byte[] Field(int number, params byte[] payload)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            output.WriteTag(number, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(payload));
        }
        return bytes.ToArray();
    }

    /// <summary>A float32 tensor [2] without values: dims, data_type and name.</summary>
    public static byte[] Header(string name) => new TensorProto { Dims = { 2 }, DataType = 1, Name = name }.ToByteArray();

    /// <summary>A model whose graph holds one initializer of these bytes, with fields before, after and around it.</summary>
    public static byte[] Around(params byte[] tensor) =>
    [
        .. Field(7,
            [
                .. Field(11, [.. Field(1, "x"u8.ToArray())]),
                .. Field(5, tensor),
                .. Field(2, "graph"u8.ToArray()),
                .. Field(1, [.. Field(2, "y"u8.ToArray()), .. Field(4, "Relu"u8.ToArray())]),
            ]),
        0x08, 0x88, 0x00,                   // ir_version = 8, in a byte more than needed
        .. Field(99, 1, 2, 3),              // a field that no ONNX has
        0xF9, 0x3F, 1, 2, 3, 4, 5, 6, 7, 8, // field 1023, eight bytes wide
    ];

    public static byte[] Of(params TensorProto[] initializers) => Of(new GraphProto { Initializer = { initializers } });

    public static byte[] Of(GraphProto graph)
    {
        var opset = new OperatorSetIdProto { Version = 17 };
        return new ModelProto { IrVersion = 8, Graph = graph, ProducerName = "test", OpsetImport = { opset } }.ToByteArray();
    }

    public static TensorProto Raw(string name, params float[] values) =>
        new() { Name = name, DataType = 1, Dims = { values.Length }, RawData = ByteString.CopyFrom(Bytes(values)) };

    public static TensorProto External(string name, long count, params (string Key, string Value)[] entries) => new()
    {
        Name = name,
        DataType = 1,
        Dims = { count },
        DataLocation = TensorProto.Types.DataLocation.External,
        ExternalData = { entries.Select(e => new StringStringEntryProto { Key = e.Key, Value = e.Value }) },
    };

    public static NodeProto Constant(string output, AttributeProto attribute) =>
        new() { OpType = "Constant", Output = { output }, Attribute = { attribute } };

    public static ValueInfoProto Value(string name, params long[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(dims.Select(d => d < 0
            ? new TensorShapeProto.Types.Dimension { DimParam = "batch", Denotation = "DATA_BATCH" }
            : new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new() { Name = name, Type = new() { TensorType = new() { ElemType = 1, Shape = shape } } };
    }
}
