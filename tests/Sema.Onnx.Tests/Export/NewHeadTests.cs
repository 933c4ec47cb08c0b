using Google.Protobuf;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Protobuf;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

[TestClass]
public sealed class NewHeadTests
{
    private static readonly ExportOptions Seven = new() { Classes = 7, Seed = 5 };

    [TestMethod]
    [DataRow(8, false)]
    [DataRow(8, true)]
    [DataRow(3, false)]
    [DataRow(3, true)]
    public void A_model_with_a_new_head_loads_and_declares_its_classes(int irVersion, bool bakedBatch)
    {
        using var folder = new ExportFolder();
        new SmallModel { IrVersion = irVersion, BakedBatch = bakedBatch }.Save(folder.Original);

        var report = folder.Export(folder.Train(new CompositionOptions { Classes = 7, Seed = 5 }), Seven);

        Assert.AreEqual(5, report.ChangedTensors); // four weights, and the shape that names the classes
        Assert.IsLessThan(1e-5, report.MaxRelativeDifference);
        using var session = new Session(folder.Output);
        Assert.AreEqual(bakedBatch ? "[1, 7]" : "[batch, 7]", session.Outputs["y"].Shape!.ToString());
        var graph = ModelReader.Read(folder.Output).Graph;
        CollectionAssert.AreEqual(new long[] { 7, 5 }, graph.Find("head.weight")!.Initializer!.Dims.ToArray());
        CollectionAssert.AreEqual(new long[] { bakedBatch ? 1 : -1, 7 }, graph.Find("classes.shape")!.Initializer!.ToInt64());
        CollectionAssert.AreEqual(new long[] { bakedBatch ? 1 : -1, 5 }, graph.Find("hidden.shape")!.Initializer!.ToInt64());
    }

    [TestMethod]
    public void The_declared_shapes_between_the_head_and_the_output_follow()
    {
        using var folder = new ExportFolder();
        var proto = ModelProto.Parser.ParseFrom(ModelWriter.Write(new SmallModel().Build()));
        var logits = proto.Graph.Node.Last(n => n.OpType == "Gemm").Output[0];
        var hidden = proto.Graph.Node.First(n => n.OpType == "Gemm").Output[0];
        proto.Graph.ValueInfo.Add(Declared(logits, 3));
        proto.Graph.ValueInfo.Add(Declared(hidden, 5));
        File.WriteAllBytes(folder.Original, proto.ToByteArray());

        folder.Export(folder.Train(new CompositionOptions { Classes = 7, Seed = 5 }), Seven);

        var written = ModelProto.Parser.ParseFrom(File.ReadAllBytes(folder.Output)).Graph;
        CollectionAssert.AreEqual(new[] { Declared(logits, 7), Declared(hidden, 5) }, written.ValueInfo.ToArray());
        Assert.AreEqual(7, written.Output[0].Type.TensorType.Shape.Dim[1].DimValue);
    }

    [TestMethod]
    public void A_frozen_new_head_has_the_values_that_its_seed_draws()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train(new CompositionOptions { Classes = 7, Seed = 5, Freeze = ["head.*"] });
        Assert.HasCount(2, weights);

        Assert.IsLessThan(1e-5, folder.Export(weights, Seven).MaxRelativeDifference);
        StringAssert.Contains(folder.Refusal(weights, Seven with { Seed = 6 }), "'y' differs");
    }

    [TestMethod]
    public void Weights_of_a_new_head_are_refused_without_it()
    {
        using var folder = new ExportFolder();
        new SmallModel().Save(folder.Original);
        var weights = folder.Train(new CompositionOptions { Classes = 7 });

        StringAssert.Contains(folder.Refusal(weights), "'head.weight' has the shape [3, 5], and [7, 5] was trained");
        Assert.AreEqual("", folder.Written);
    }

    private static ValueInfoProto Declared(string name, long columns)
    {
        var shape = new TensorShapeProto();
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = "batch" });
        shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = columns });
        return new() { Name = name, Type = new() { TensorType = new() { ElemType = 1, Shape = shape } } };
    }
}
