using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>Model files as other programs write them, malformed ones included.</summary>
internal static class Protos
{
    internal static ModelProto Model(params NodeProto[] nodes) => new()
    {
        IrVersion = 10,
        Graph = new GraphProto { Name = "test", Node = { nodes } },
        OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 21 } },
    };

    internal static NodeProto Node(string op, string[] inputs, string[] outputs, params AttributeProto[] attributes) =>
        new() { OpType = op, Input = { inputs }, Output = { outputs }, Attribute = { attributes } };

    internal static ValueInfoProto Info(string name, params long[] dims) => new()
    {
        Name = name,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor
            {
                ElemType = (int)ElementType.Float32,
                Shape = new TensorShapeProto { Dim = { dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }) } },
            },
        },
    };

    internal static TensorProto Floats(string name, params float[] elements) =>
        new() { Name = name, DataType = (int)ElementType.Float32, Dims = { elements.Length }, FloatData = { elements } };

    internal static TensorProto External(string location, params (string Key, string Value)[] entries) => new()
    {
        Name = "w",
        DataType = (int)ElementType.Float32,
        Dims = { 2 },
        DataLocation = TensorProto.Types.DataLocation.External,
        ExternalData = { entries.Prepend(("location", location)).Select(e => new StringStringEntryProto { Key = e.Item1, Value = e.Item2 }) },
    };

    internal static Model Read(ModelProto proto) => ModelReader.Read(proto.ToByteArray());

    /// <summary>Reads what must be refused, and gets the sentence that says why.</summary>
    internal static string Refused(ModelProto proto) => Assert.ThrowsExactly<InvalidModelException>(() => Read(proto)).Message;
}
