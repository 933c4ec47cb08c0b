using System.Globalization;
using System.Text;
using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;
using static Sema.Onnx.Graphs.Protobuf.AttributeProto.Types;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>An initializer whose bytes stand in a data file beside the model.</summary>
/// <param name="Location">The data file's name.</param>
/// <param name="Offset">The first byte.</param>
/// <param name="Type">The elements' type.</param>
/// <param name="Dims">The sizes.</param>
internal sealed record ExternalSlice(string Location, long Offset, ElementType Type, IReadOnlyList<long> Dims)
{
    /// <summary>Gets the number of bytes.</summary>
    internal long Length => Type.ByteLength(Tensor.ElementCount([.. Dims]));
}

/// <summary>Writes graphs as ONNX files; equal models give equal bytes.</summary>
internal static class ModelWriter
{
    /// <summary>Writes a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="external">The initializers whose bytes stand in a data file, by name; the others are written inline. An input named here gets a default.</param>
    /// <returns>The file's content.</returns>
    public static byte[] Write(Model model, IReadOnlyDictionary<string, ExternalSlice>? external = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        var proto = new ModelProto { IrVersion = model.IrVersion, ProducerName = model.Producer, Graph = WriteGraph(model.Graph, external) };
        proto.OpsetImport.AddRange(WriteOpsets(model.Opsets));
        proto.MetadataProps.AddRange(model.Metadata.Select(p => new StringStringEntryProto { Key = p.Key, Value = p.Value }));
        proto.Functions.AddRange(model.Functions.Select(f => WriteFunction(f, model)));
        return proto.ToByteArray();
    }

    /// <summary>Writes a model whose large tensors stay in the files where they stand.</summary>
    /// <param name="model">The model.</param>
    /// <returns>The file's content, and the folder that it belongs to, for the data files are named from there; none where there are no such tensors.</returns>
    public static (byte[] Content, string? Folder) WriteBesideData(Model model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var folder = model.Graph.Initializers.Select(v => v.Initializer!.Stretch?.Folder).FirstOrDefault(f => f is not null);
        var external = model.Graph.Initializers.Where(v => v.Initializer!.Stretch?.Folder is { } own && own == folder).ToDictionary(
            v => v.Name, v => new ExternalSlice(v.Initializer!.Stretch!.Location.Replace(Path.DirectorySeparatorChar, '/'), v.Initializer.Stretch.Offset, v.Type, v.Initializer.Dims));
        return (Write(model, external), folder);
    }

    private static IEnumerable<OperatorSetIdProto> WriteOpsets(IEnumerable<KeyValuePair<string, long>> opsets) =>
        opsets.Select(set => new OperatorSetIdProto { Domain = set.Key, Version = set.Value });

    private static GraphProto WriteGraph(Graph graph, IReadOnlyDictionary<string, ExternalSlice>? external)
    {
        var proto = new GraphProto { Name = graph.Name.Length == 0 ? "graph" : graph.Name };
        proto.Input.AddRange(graph.Inputs.Select(Info));
        proto.Output.AddRange(graph.Outputs.Select(Info));
        foreach (var value in graph.Values.Where(v => v.Producer is null))
        {
            if (external is not null && external.TryGetValue(value.Name, out var slice))
                proto.Initializer.Add(WriteExternal(value.Name, slice));
            else if (value.Initializer is { } tensor)
                proto.Initializer.Add(TensorCodec.Write(tensor, value.Name));
        }

        proto.Node.AddRange(graph.Nodes.Select(n => WriteNode(n)));
        return proto;
    }

    private static TensorProto WriteExternal(string name, ExternalSlice slice)
    {
        var proto = new TensorProto
        {
            Name = name,
            DataType = (int)slice.Type,
            DataLocation = TensorProto.Types.DataLocation.External,
        };
        proto.Dims.AddRange(slice.Dims);
        foreach (var (key, text) in new[]
        {
            ("location", slice.Location),
            ("offset", slice.Offset.ToString(CultureInfo.InvariantCulture)),
            ("length", slice.Length.ToString(CultureInfo.InvariantCulture)),
        })
        {
            proto.ExternalData.Add(new StringStringEntryProto { Key = key, Value = text });
        }

        return proto;
    }

    private static FunctionProto WriteFunction(Function function, Model model)
    {
        var proto = new FunctionProto { Domain = function.Domain, Name = function.Name };
        proto.Input.AddRange(function.Body.Inputs.Select(v => v.Name));
        proto.Output.AddRange(function.Body.Outputs.Select(v => v.Name));
        proto.Attribute.AddRange(function.Attributes.Except(function.Defaults.Select(a => a.Name)));
        proto.AttributeProto.AddRange(function.Defaults.Select(WriteAttribute));
        proto.OpsetImport.AddRange(WriteOpsets(function.Opsets ?? model.Opsets.AsEnumerable()));
        foreach (var value in function.Body.Initializers)
        {
            var constant = new NodeProto { OpType = "Constant" };
            constant.Output.Add(value.Name);
            constant.Attribute.Add(WriteAttribute(("value", value.Initializer!)));
            proto.Node.Add(constant);
        }

        proto.Node.AddRange(function.Body.Nodes.Select(WriteNode));
        return proto;
    }

    private static NodeProto WriteNode(Node node)
    {
        var proto = new NodeProto { OpType = node.OpType };
        if (node.Name.Length > 0)
            proto.Name = node.Name;
        if (node.Domain.Length > 0)
            proto.Domain = node.Domain;
        proto.Input.AddRange(Names(node.Inputs));
        while (node.OpType == "Loop" && proto.Input.Count < 2)
            proto.Input.Add("");   // both must be named, even as absent
        proto.Output.AddRange(Names(node.Outputs));
        proto.Attribute.AddRange(node.Attributes.Select(WriteAttribute));
        return proto;
    }

    // Absent optional values are empty names; those at the end are left out.
    private static IEnumerable<string> Names(List<Value?> values) =>
        values.Take(values.FindLastIndex(v => v is not null) + 1).Select(v => v?.Name ?? "");

    private static AttributeProto WriteAttribute(Attribute attribute)
    {
        var proto = new AttributeProto { Name = attribute.Name };
        switch (attribute.Value)
        {
            case AttributeReference reference:
                proto.RefAttrName = reference.Name;
                proto.Type = AttributeKinds.Of(reference.Kind);
                break;
            case long i:
                (proto.I, proto.Type) = (i, AttributeType.Int);
                break;
            case float f:
                (proto.F, proto.Type) = (f, AttributeType.Float);
                break;
            case string s:
                (proto.S, proto.Type) = (ByteString.CopyFrom(s, Encoding.UTF8), AttributeType.String);
                break;
            case Tensor t:
                (proto.T, proto.Type) = (TensorCodec.Write(t, ""), AttributeType.Tensor);
                break;
            case Graph g:
                (proto.G, proto.Type) = (WriteGraph(g, null), AttributeType.Graph);
                break;
            case long[] ints:
                proto.Ints.AddRange(ints);
                proto.Type = AttributeType.Ints;
                break;
            case float[] floats:
                proto.Floats.AddRange(floats);
                proto.Type = AttributeType.Floats;
                break;
            case string[] strings:
                proto.Strings.AddRange(strings.Select(s => ByteString.CopyFrom(s, Encoding.UTF8)));
                proto.Type = AttributeType.Strings;
                break;
            default:
                throw new InvalidModelException($"The attribute '{attribute.Name}' holds a {attribute.Value.GetType().Name}.");
        }

        return proto;
    }

    private static ValueInfoProto Info(Value value)
    {
        var info = new ValueInfoProto { Name = value.Name };
        if (value.Type == ElementType.Undefined)
            return info;
        info.Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)value.Type } };
        if (value.Shape is { } shape)
        {
            info.Type.TensorType.Shape = new TensorShapeProto();
            info.Type.TensorType.Shape.Dim.AddRange(shape.Select(d => d.IsKnown ? new TensorShapeProto.Types.Dimension { DimValue = d.Size }
                : d.Symbol is { } symbol ? new TensorShapeProto.Types.Dimension { DimParam = symbol }
                : new TensorShapeProto.Types.Dimension()));
        }

        return info;
    }
}
