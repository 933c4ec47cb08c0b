using System.Text;
using Sema.Onnx.Graphs.Protobuf;
using static Sema.Onnx.Graphs.Protobuf.AttributeProto.Types;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>Reads one graph and the graphs within it: names become references, Constant nodes become initializers.</summary>
internal sealed class GraphReader(ExternalData external)
{
    internal void Read(GraphProto proto, Graph graph)
    {
        foreach (var input in proto.Input)
            graph.AddInput(input.Name, TypeOf(input), ShapeOf(input));
        foreach (var tensor in proto.Initializer)
            graph.AddInitializer(tensor.Name, TensorCodec.Read(tensor, external));
        if (proto.SparseInitializer.Count > 0)
            throw new InvalidModelException($"the sparse initializer '{proto.SparseInitializer[0].Values?.Name}' is not read; store it densely.");
        ReadNodes(proto.Node, graph);
        ReadOutputs(proto.Output.Select(o => o.Name), graph);
        foreach (var info in proto.ValueInfo.Concat(proto.Output))
        {
            if (graph.Find(info.Name) is { } value && value.Graph == graph && value.Initializer is null)
                (value.Type, value.Shape) = (TypeOf(info), ShapeOf(info));
        }
    }

    internal static void ReadOutputs(IEnumerable<string> names, Graph graph)
    {
        foreach (var name in names)
            graph.Outputs.Add(graph.Find(name) ?? throw new InvalidModelException($"nothing makes the output '{name}'."));
    }

    internal void ReadNodes(IReadOnlyList<NodeProto> protos, Graph graph)
    {
        foreach (var proto in Sorted(protos, graph))
        {
            if (proto.OpType == "Constant" && proto.Domain is "" or "ai.onnx" && ConstantOf(proto) is { } tensor)
            {
                graph.AddInitializer(proto.Output[0], tensor).FromConstantNode = true;
                continue;
            }

            var inputs = proto.Input.Select(name => name.Length == 0 ? null : graph.Find(name));
            var node = graph.AddNode(
                proto.OpType, proto.Domain == "ai.onnx" ? "" : proto.Domain, inputs, proto.Attribute.Select(a => ReadAttribute(a, graph)), 0);
            node.Name = proto.Name;
            node.Outputs.AddRange(proto.Output.Select(name => name.Length == 0 ? null : graph.Add(name, node)));
        }
    }

    // Files are meant to be in running order already; those that are not are put in it, and a cycle is named.
    private static IEnumerable<NodeProto> Sorted(IReadOnlyList<NodeProto> nodes, Graph graph)
    {
        var makers = new Dictionary<string, int>();
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var output in nodes[i].Output.Where(o => o.Length > 0))
            {
                if (!makers.TryAdd(output, i))
                    throw new InvalidModelException($"two nodes make '{output}'.");
            }
        }

        var waiting = new int[nodes.Count];
        var readers = new List<int>?[nodes.Count];
        for (var i = 0; i < nodes.Count; i++)
        {
            foreach (var name in Reads(nodes[i]))
            {
                if (makers.TryGetValue(name, out var maker))
                {
                    waiting[i]++;
                    (readers[maker] ??= []).Add(i);
                }
                else if (graph.Find(name) is null && nodes[i].Input.Contains(name))
                {
                    throw new InvalidModelException($"nothing makes '{name}', which node '{nodes[i].Name}' ({nodes[i].OpType}) reads.");
                }
            }
        }

        var ready = new PriorityQueue<int, int>(Enumerable.Range(0, nodes.Count).Where(i => waiting[i] == 0).Select(i => (i, i)));
        var done = 0;
        while (ready.TryDequeue(out var i, out _))
        {
            done++;
            yield return nodes[i];
            foreach (var reader in readers[i] ?? [])
            {
                if (--waiting[reader] == 0)
                    ready.Enqueue(reader, reader);
            }
        }

        if (done < nodes.Count)
        {
            var stuck = nodes[Array.FindIndex(waiting, w => w > 0)];
            throw new InvalidModelException($"the graph runs in a cycle through node '{stuck.Name}' ({stuck.OpType}).");
        }
    }

    // What a node reads, the values that its subgraphs take from outside included.
    private static IEnumerable<string> Reads(NodeProto node) => node.Input.Where(n => n.Length > 0)
        .Concat(node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Append(a.G)).SelectMany(g => g.Node.SelectMany(Reads)))
        .Distinct();

    private Tensor? ConstantOf(NodeProto node)
    {
        if (node.Attribute.Count != 1 || node.Output.Count != 1 || node.Attribute[0].RefAttrName.Length > 0)
            return null;
        var attribute = node.Attribute[0];
        return attribute.Name switch
        {
            "value" when attribute.T is not null => TensorCodec.Read(attribute.T, external),
            "value_float" => Tensor.Floats([], [attribute.F]),
            "value_floats" => Tensor.Floats([attribute.Floats.Count], [.. attribute.Floats]),
            "value_int" => Tensor.Scalar(attribute.I),
            "value_ints" => Tensor.Vector([.. attribute.Ints]),
            _ => null,
        };
    }

    internal Attribute ReadAttribute(AttributeProto a, Graph graph)
    {
        if (a.RefAttrName.Length > 0)
            return new(a.Name, new AttributeReference(a.RefAttrName, AttributeKinds.TypeOf(KindOf(a))));
        return new(a.Name, KindOf(a) switch
        {
            AttributeType.Float => a.F,
            AttributeType.Int => a.I,
            AttributeType.String => Encoding.UTF8.GetString(a.S.Span),
            AttributeType.Tensor when a.T is not null => TensorCodec.Read(a.T, external),
            AttributeType.Graph when a.G is not null => Subgraph(a.G, graph),
            AttributeType.Floats => a.Floats.ToArray(),
            AttributeType.Ints => a.Ints.ToArray(),
            AttributeType.Strings => a.Strings.Select(s => Encoding.UTF8.GetString(s.Span)).ToArray(),
            var kind => throw new InvalidModelException($"the attribute '{a.Name}' is of kind {kind}, which is not read, or holds none."),
        });
    }

    // The oldest files leave the kind out; then the field that is filled tells it.
    private static AttributeType KindOf(AttributeProto a) =>
        a.Type != AttributeType.Undefined ? a.Type
        : a.HasF ? AttributeType.Float
        : a.HasI ? AttributeType.Int
        : a.HasS ? AttributeType.String
        : a.T is not null ? AttributeType.Tensor
        : a.G is not null ? AttributeType.Graph
        : a.Floats.Count > 0 ? AttributeType.Floats
        : a.Strings.Count > 0 ? AttributeType.Strings
        : AttributeType.Ints;

    private Graph Subgraph(GraphProto proto, Graph parent)
    {
        var graph = new Graph(proto.Name, parent);
        Read(proto, graph);
        return graph;
    }

    private static ElementType TypeOf(ValueInfoProto info) => (ElementType)(info.Type?.TensorType?.ElemType ?? 0);

    private static Shape? ShapeOf(ValueInfoProto info) => info.Type?.TensorType?.Shape is not { } shape ? null
        : new Shape(shape.Dim.Select(d => d.HasDimValue && d.DimValue >= 0
            ? new Dimension(d.DimValue)
            : new Dimension(-1, d.HasDimParam && d.DimParam.Length > 0 ? d.DimParam : null)));
}
