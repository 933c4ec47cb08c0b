using Google.Protobuf;
using Sema.Onnx.Graphs.Patching;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>Reads ONNX files into graphs.</summary>
internal static class ModelReader
{
    /// <summary>Reads a model file, with the data files beside it.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="large">From how many bytes on the file is read without its large tensors, which are then read when they are used.</param>
    /// <exception cref="InvalidModelException">The file is malformed, or its external data leaves its folder.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Model Read(string path, long large = ModelSkeleton.LargeFile)
    {
        var length = FileStretch.LengthOf(path);
        return Named($"'{path}'", () => length > int.MaxValue
            ? throw new InvalidModelException($"it has {length} bytes, and protobuf allows {int.MaxValue}; store its tensors as external data.")
            : Parse(length < large ? File.ReadAllBytes(path) : ModelSkeleton.Read(path), new ExternalData(path)));
    }

    /// <summary>Reads a model from memory; it may hold no external data.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <exception cref="InvalidModelException">The content is malformed.</exception>
    public static Model Read(ReadOnlyMemory<byte> bytes) => Named("The model", () => Parse(bytes, new ExternalData(null)));

    private static Model Named(string what, Func<Model> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or OverflowException)
        {
            throw new InvalidModelException($"{what} is no ONNX model, or is cut off ({e.Message.Split('.')[0].TrimEnd()}).", e);
        }
        catch (InvalidModelException e)
        {
            throw new InvalidModelException($"{what} cannot be used: {e.Message}", e);
        }
        catch (ModelPatchException e)
        {
            throw new InvalidModelException($"{what} cannot be used: {e.Message}", e);
        }
    }

    private static Model Parse(ReadOnlyMemory<byte> bytes, ExternalData external)
    {
        var proto = ModelProto.Parser.ParseFrom(bytes.Span);
        if (proto.Graph is null)
            throw new InvalidModelException("it holds no graph; is it an ONNX file?");
        var graph = new Graph(proto.Graph.Name);
        new GraphReader(external).Read(proto.Graph, graph);
        var model = new Model(graph) { IrVersion = proto.IrVersion, Producer = proto.ProducerName };
        foreach (var (domain, version) in ReadOpsets(proto.OpsetImport))
            model.Opsets[domain] = version;
        foreach (var property in proto.MetadataProps)
            model.Metadata[property.Key] = property.Value;
        foreach (var function in proto.Functions)
            model.Functions.Add(ReadFunction(function, external));
        return model;
    }

    private static Function ReadFunction(FunctionProto proto, ExternalData external)
    {
        var body = new Graph(proto.Name) { IsFunctionBody = true };
        foreach (var input in proto.Input)
            body.AddInput(input, ElementType.Undefined, null);
        var reader = new GraphReader(external);
        reader.ReadNodes(proto.Node, body);
        GraphReader.ReadOutputs(proto.Output, body);
        return new Function(proto.Domain, proto.Name, [.. proto.Attribute, .. proto.AttributeProto.Select(a => a.Name)], body)
        {
            Defaults = [.. proto.AttributeProto.Select(a => reader.ReadAttribute(a, body))],
            Opsets = ReadOpsets(proto.OpsetImport),
        };
    }

    private static SortedDictionary<string, long> ReadOpsets(IEnumerable<OperatorSetIdProto> sets)
    {
        var opsets = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var set in sets)
            opsets[set.Domain == "ai.onnx" ? "" : set.Domain] = set.Version;
        return opsets;
    }
}
