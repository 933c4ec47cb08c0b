using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Patching;

[TestClass]
public sealed class PatchCheckTests
{
    private static readonly ModelPatch Patch = new()
    {
        Tensors = new Dictionary<string, TensorPatch> { ["w"] = new([3], Models.Bytes(4f, 5f, 6f)), ["c"] = new([2], Models.Bytes(7f, 8f)) },
        ValueShapes = new Dictionary<string, IReadOnlyList<long?>> { ["y"] = [null, 3] },
        AddedInitializers = new Dictionary<string, AddedInitializer> { ["added"] = new(1, [1], Models.Bytes(9f)) },
    };

    [TestMethod]
    public void A_patched_model_differs_in_nothing_else()
    {
        Assert.IsNull(Difference(_ => { }));
    }

    [TestMethod]
    [DataRow("inputs")]
    [DataRow("outputs")]
    [DataRow("operator sets")]
    [DataRow("metadata")]
    [DataRow("nodes")]
    [DataRow("initializers")]
    [DataRow("declared shapes")]
    [DataRow("added initializers")]
    [DataRow("properties of the file")]
    public void Any_other_difference_is_named(string part)
    {
        Assert.AreEqual(part, Difference(model => Damage[part](model)));
    }

    private static readonly Dictionary<string, Action<ModelProto>> Damage = new()
    {
        ["inputs"] = m => m.Graph.Input[0].Name = "z",
        ["outputs"] = m => m.Graph.Output[0].Type.TensorType.Shape.Dim[1].DimValue = 4,
        ["operator sets"] = m => m.OpsetImport[0].Version++,
        ["metadata"] = m => m.MetadataProps[0].Value = "else",
        ["nodes"] = m => m.Graph.Node[1].OpType = "Sub",
        ["initializers"] = m => m.Graph.Initializer[1].RawData = ByteString.CopyFrom(Models.Bytes(0f)),
        ["declared shapes"] = m => m.Graph.ValueInfo.Clear(),
        ["added initializers"] = m => m.Graph.Initializer[^1].RawData = ByteString.CopyFrom(Models.Bytes(0f)),
        ["properties of the file"] = m => m.ProducerName = "else",
    };

    private static string? Difference(Action<ModelProto> damage)
    {
        using var folder = new PatchFolder();
        var graph = new GraphProto
        {
            Node = { Models.Constant("c", new() { Name = "value_floats", Floats = { 1, 2, 3 } }), new NodeProto { OpType = "Add", Input = { "x", "w" }, Output = { "y" } } },
            Initializer = { Models.Raw("w", 1, 2), Models.Raw("other", 1) },
            Input = { Models.Value("x", -1, 1) },
            Output = { Models.Value("y", -1, 2) },
            ValueInfo = { Models.Value("w", 2) },
        };
        var model = ModelProto.Parser.ParseFrom(Models.Of(graph));
        model.MetadataProps.Add(new StringStringEntryProto { Key = "key", Value = "value" });
        var patched = ModelProto.Parser.ParseFrom(folder.Patch(model.ToByteArray(), Patch));
        damage(patched);
        File.WriteAllBytes(folder.Destination, patched.ToByteArray());
        return PatchCheck.Difference(folder.Source, folder.Destination, Patch);
    }
}
