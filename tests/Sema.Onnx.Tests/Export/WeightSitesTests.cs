using Google.Protobuf;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Protobuf;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>Where exporters leave weights: behind operators, in nodes, among the inputs, in every encoding of the file.</summary>
[TestClass]
public sealed class WeightSitesTests
{
    /// <summary>How the file holds a tensor.</summary>
    public enum Form
    {
        /// <summary>An initializer of raw bytes.</summary>
        Raw,

        /// <summary>An initializer of numbers.</summary>
        Typed,

        /// <summary>An initializer in another file.</summary>
        External,

        /// <summary>The value of a Constant node.</summary>
        Constant,

        /// <summary>An initializer that is an input too.</summary>
        Input,
    }

#pragma warning disable format // a table: aligned columns
    // From weights named w... to a value [4, 3].
    private static readonly Dictionary<string, Func<Graph, Value>> Sites = new()
    {
        ["Plain"]                     = g => Weight(g, "w", 4, 3),
        ["Transpose"]                 = g => Weight(g, "w", 3, 4).Transpose(1, 0),
        ["Reshape"]                   = g => Weight(g, "w", 12).Reshape(4, 3),
        ["Cast from float16"]         = g => Weight(g, ElementType.Float16, "w", 4, 3).Cast(ElementType.Float32),
        ["Cast from bfloat16"]        = g => Weight(g, ElementType.BFloat16, "w", 4, 3).Cast(ElementType.Float32),
        ["Cast from float64"]         = g => Weight(g, ElementType.Float64, "w", 4, 3).Cast(ElementType.Float32),
        ["Identity"]                  = g => Weight(g, "w", 4, 3).Identity(),
        ["Unsqueeze"]                 = g => Weight(g, "w", 4, 3).Unsqueeze(0).Squeeze(0),
        ["Concat"]                    = g => Operators.Concat([Weight(g, "w1", 1, 3), Weight(g, "w2", 3, 3)], 0),
        ["Slice"]                     = g => Weight(g, "w", 6, 3).Slice(0, 1, 5),
        ["Equal bytes"]               = g => Weight(g, "w1", 4, 3) + Same(g, "w2", "w1"),
        ["Twice"]                     = g => Weight(g, "w", 4, 3) + g.Find("w")! * g.Find("w")!,
        ["DequantizeLinear"]          = g => Dequantized(Integers(g, ElementType.Int8, "w", 4, 3)),
        ["DequantizeLinear of uint8"] = g => Dequantized(Integers(g, ElementType.UInt8, "w", 4, 3)),
        ["Transpose of integers"]     = g => Dequantized(Integers(g, ElementType.Int8, "w", 3, 4).Transpose(1, 0)),
    };
#pragma warning restore format

    private static readonly string[] InEveryForm = ["Plain", "Cast from float16", "Cast from bfloat16", "Cast from float64", "DequantizeLinear", "DequantizeLinear of uint8"];

    public static IEnumerable<object[]> Cases =>
        from site in Sites.Keys
        from form in Enum.GetValues<Form>()
        where form == Form.Raw || InEveryForm.Contains(site)
        select new object[] { site, form };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void A_weight_is_found_trained_once_and_written_to_its_place(string site, Form form)
    {
        using var folder = new TemporaryFolder();
        var graph = new Graph("site");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", 4));
        var model = TinyModels.Finish(graph, x.MatMul(Sites[site](graph)) + TinyModels.Weight(graph, "b", 3), TinyModels.Batched("batch", 3));
        string[] names = [.. graph.Initializers.Where(v => v.Name.StartsWith('w')).Select(v => v.Name), "b"];
        var plain = ModelWriter.Write(model);
        var path = folder.Write("model.onnx", Stored(plain, names, form, folder.Path));
        var data = Path.Combine(folder.Path, "weights.data");
        var old = File.Exists(data) ? File.ReadAllBytes(data) : [];
        var output = Directory.CreateDirectory(Path.Combine(folder.Path, "to")).FullName;

        var (report, weights) = StoredTypesTests.TrainAndExport(folder, path, output: output);

        CollectionAssert.AreEquivalent(names, weights.Keys.ToArray());
        Assert.AreEqual(names.Length, report.ChangedTensors);
        using (var training = new Session(Path.Combine(folder.Path, "run", "artifacts", ArtifactFolder.Training)))
            CollectionAssert.AreEquivalent(names, training.Defaults.Keys.Where(n => !n.Contains('/', StringComparison.Ordinal)).ToArray());

        // The model as it would have been written with the new weights.
        var written = ModelReader.Read(report.Path).Graph;
        var expected = ModelProto.Parser.ParseFrom(plain);
        foreach (var tensor in expected.Graph.Initializer.Where(t => names.Contains(t.Name)))
        {
            var value = written.Find(tensor.Name)!.Initializer!;
            if (value.Type.IsFloat())
                CollectionAssert.AreEqual(FloatBytes.Encode(value.Type, weights[tensor.Name].Span), value.Data.ToArray());
            CollectionAssert.AreNotEqual(tensor.RawData.ToByteArray(), value.Data.ToArray());
            tensor.RawData = ByteString.CopyFrom(value.Data.Span);
        }

        CollectionAssert.AreEqual(Stored(expected.ToByteArray(), names, form, folder.Path), File.ReadAllBytes(report.Path));
        if (form == Form.External)
        {
            CollectionAssert.AreEqual(File.ReadAllBytes(data), File.ReadAllBytes(Path.Combine(output, "weights.data")));
            CollectionAssert.AreNotEqual(old, File.ReadAllBytes(data));
        }
    }

    private static byte[] Stored(byte[] model, string[] names, Form form, string folder)
    {
        var proto = ModelProto.Parser.ParseFrom(model);
        using var data = new MemoryStream();
        foreach (var (i, tensor) in proto.Graph.Initializer.Where(t => names.Contains(t.Name)).ToArray().Index())
        {
            switch (form)
            {
                case Form.Typed:
                    Type(tensor);
                    break;
                case Form.External:
                    data.Position = 64 * 64 * i;
                    tensor.DataLocation = TensorProto.Types.DataLocation.External;
                    tensor.ExternalData.AddRange(new[] { ("location", "weights.data"), ("offset", $"{data.Position}"), ("length", $"{tensor.RawData.Length}") }
                        .Select(e => new StringStringEntryProto { Key = e.Item1, Value = e.Item2 }));
                    tensor.RawData.WriteTo(data);
                    tensor.ClearRawData();
                    break;
                case Form.Constant:
                    proto.Graph.Initializer.Remove(tensor);
                    var node = new NodeProto { OpType = "Constant", Output = { tensor.Name } };
                    node.Attribute.Add(new AttributeProto { Name = "value", Type = AttributeProto.Types.AttributeType.Tensor, T = tensor });
                    proto.Graph.Node.Insert(i, node);
                    break;
                case Form.Input:
                    var input = new ValueInfoProto { Name = tensor.Name, Type = new() { TensorType = new() { ElemType = tensor.DataType, Shape = new() } } };
                    input.Type.TensorType.Shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
                    proto.Graph.Input.Add(input);
                    break;
            }
        }

        if (form == Form.External)
            File.WriteAllBytes(Path.Combine(folder, "weights.data"), data.ToArray());
        return proto.ToByteArray();
    }

    // The numbers of the typed fields: halves as their bits, small integers as themselves.
    private static void Type(TensorProto tensor)
    {
        var raw = tensor.RawData.ToByteArray();
        var value = new Tensor((ElementType)tensor.DataType, [.. tensor.Dims], raw);
        tensor.ClearRawData();
        switch (value.Type)
        {
            case ElementType.Float32:
                tensor.FloatData.AddRange(value.As<float>().ToArray());
                break;
            case ElementType.Float64:
                tensor.DoubleData.AddRange(value.As<double>().ToArray());
                break;
            case ElementType.Float16 or ElementType.BFloat16:
                tensor.Int32Data.AddRange(value.As<ushort>().ToArray().Select(bits => (int)bits));
                break;
            default:
                tensor.Int32Data.AddRange(value.ToInt64().Select(q => (int)q));
                break;
        }
    }

    private static Value Weight(Graph graph, string name, params long[] dims) => TinyModels.Weight(graph, name, dims);

    private static Value Weight(Graph graph, ElementType type, string name, params long[] dims)
    {
        var weight = TinyModels.Weight(graph, name, dims);
        (weight.Initializer, weight.Type) = (new(type, dims, FloatBytes.Encode(type, weight.Initializer!.As<float>())), type);
        return weight;
    }

    private static Value Same(Graph graph, string name, string other) => graph.AddInitializer(name, graph.Find(other)!.Initializer!);

    private static Value Integers(Graph graph, ElementType type, string name, params long[] dims)
    {
        var random = new Random(3);
        return graph.AddInitializer(name, new Tensor(type, dims, Enumerable.Range(0, (int)Tensor.ElementCount(dims)).Select(_ => (byte)random.Next(256)).ToArray()));
    }

    private static Value Dequantized(Value integers) =>
        integers.Graph.Emit("DequantizeLinear", [integers, integers.Graph.AddInitializer("scale", Tensor.Floats([3], [0.01f, 0.005f, 0.02f]))], ("axis", 1)).As(ElementType.Float32);
}
