using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>Shows that a patched model is its original but for the patch, field by field, known and unknown ones.</summary>
/// <remarks>It reads both files with the protobuf library, where <see cref="ModelPatcher"/> works on bytes: neither trusts the other.</remarks>
internal static class PatchCheck
{
    /// <summary>Compares the files, data outside the model file aside.</summary>
    /// <param name="original">The model file that was patched.</param>
    /// <param name="patched">The result.</param>
    /// <param name="patch">What may differ.</param>
    /// <returns>The part that differs though the patch does not say so, such as <c>outputs</c>; <see langword="null"/> where none does.</returns>
    internal static string? Difference(string original, string patched, ModelPatch patch)
    {
        // What may differ is dropped from the one file before the other is read: they may be large.
        var before = Parse(original);
        if (before.Graph is not null)
        {
            Expect(before.Graph, patch);
            Empty(before.Graph, patch);
        }

        var after = Parse(patched);
        if (before.Graph is null || after.Graph is null)
            return before.Graph is null && after.Graph is null ? null : "graph";
        if (!Remove(after.Graph, patch.AddedInitializers))
            return "added initializers";
        Empty(after.Graph, patch);
        return before.Equals(after) ? null : Part(before, after);
    }

    private static ModelProto Parse(string path)
    {
        using var file = File.OpenRead(path);
        return ModelProto.Parser.ParseFrom(file);
    }

    // The shapes that the patch declares, and those of the tensors whose dimensions it changes.
    private static void Expect(GraphProto graph, ModelPatch patch)
    {
        var shapes = patch.Tensors.ToDictionary(t => t.Key, t => (IReadOnlyList<long?>)[.. t.Value.Dims]);
        foreach (var (name, dims) in patch.ValueShapes)
            shapes[name] = dims;
        foreach (var value in graph.Input.Concat(graph.Output).Concat(graph.ValueInfo))
        {
            if (!shapes.TryGetValue(value.Name, out var dims) || value.Type?.TensorType?.Shape is not { } shape)
                continue;
            foreach (var (dimension, size) in shape.Dim.Zip(dims))
            {
                if (size is { } known && !(dimension.HasDimValue && dimension.DimValue == known))
                    dimension.DimValue = known;
            }
        }
    }

    private static bool Remove(GraphProto graph, IReadOnlyDictionary<string, AddedInitializer> added)
    {
        foreach (var (name, tensor) in added)
        {
            if (graph.Initializer.FirstOrDefault(t => t.Name == name) is not { } found || !found.Dims.SequenceEqual(tensor.Dims)
                || found.DataType != tensor.ElementType || !found.RawData.Span.SequenceEqual(tensor.Data.Span))
            {
                return false;
            }

            graph.Initializer.Remove(found);
        }

        return true;
    }

    private static IEnumerable<TensorProto> Tensors(GraphProto graph, ModelPatch patch) => Sites(graph, patch).Select(s => s switch
    {
        TensorProto tensor => tensor,
        AttributeProto { T: { } tensor } => tensor,
        _ => null,
    }).OfType<TensorProto>();

    private static IEnumerable<AttributeProto> Numbers(GraphProto graph, ModelPatch patch) =>
        Sites(graph, patch).OfType<AttributeProto>().Where(a => ConstantForm.ByName.ContainsKey(a.Name));

    // The tensors, and the attributes of Constant nodes, that the patch names: at the top, in a subgraph, or by the way to one.
    private static IEnumerable<IMessage> Sites(GraphProto graph, ModelPatch patch)
    {
        var all = Named(graph, "").ToList();
        var top = all.Where(s => s.Way.Length == 0).Select(s => s.Name).ToHashSet();
        return all.Where(s => patch.Tensors.ContainsKey(s.Way + s.Name) || (patch.Tensors.ContainsKey(s.Name) && !top.Contains(s.Name))).Select(s => s.Site);
    }

    private static IEnumerable<(string Way, string Name, IMessage Site)> Named(GraphProto graph, string way) => graph.Initializer
        .Select(t => (way, t.Name, (IMessage)t))
        .Concat(graph.Node.Where(n => n is { OpType: "Constant", Domain: "" or "ai.onnx", Output.Count: 1 }).SelectMany(n => n.Attribute.Select(a => (way, n.Output[0], (IMessage)a))))
        .Concat(graph.Node.SelectMany(n => n.Attribute.Where(a => a.G is not null).SelectMany(a => Named(a.G, $"{way}{n.Output.FirstOrDefault(o => o.Length > 0)}.{a.Name}/"))));

    private static void Empty(GraphProto graph, ModelPatch patch)
    {
        foreach (var tensor in Tensors(graph, patch))
            Empty(tensor);
        foreach (var attribute in Numbers(graph, patch))
            Empty(attribute);
    }

    // Values, dimensions and the place in a data file go; name, type, kind of encoding and the data file's name stay.
    private static void Empty(TensorProto tensor)
    {
        tensor.Dims.Clear();
        tensor.FloatData.Clear();
        tensor.Int32Data.Clear();
        tensor.Int64Data.Clear();
        tensor.DoubleData.Clear();
        tensor.Uint64Data.Clear();
        if (tensor.HasRawData)
            tensor.RawData = ByteString.Empty;
        foreach (var entry in tensor.ExternalData.Where(e => e.Key is "offset" or "length").ToList())
            tensor.ExternalData.Remove(entry);
    }

    private static void Empty(AttributeProto attribute)
    {
        attribute.ClearF();
        attribute.ClearI();
        attribute.Floats.Clear();
        attribute.Ints.Clear();
    }

    private static string Part(ModelProto before, ModelProto after) =>
        !before.Graph.Input.Equals(after.Graph.Input) ? "inputs"
        : !before.Graph.Output.Equals(after.Graph.Output) ? "outputs"
        : !before.OpsetImport.Equals(after.OpsetImport) ? "operator sets"
        : !before.MetadataProps.Equals(after.MetadataProps) ? "metadata"
        : !before.Graph.Node.Equals(after.Graph.Node) ? "nodes"
        : !before.Graph.Initializer.Equals(after.Graph.Initializer) ? "initializers"
        : !before.Graph.ValueInfo.Equals(after.Graph.ValueInfo) ? "declared shapes"
        : "properties of the file";
}
