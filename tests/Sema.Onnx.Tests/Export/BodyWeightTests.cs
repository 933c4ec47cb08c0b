using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Export;

/// <summary>A model whose weights stand inside the branches of an If, both under the same names.</summary>
[TestClass]
public sealed class BodyWeightTests
{
    private static readonly long[] WeightDims = [SmallModel.Features, SmallModel.Classes];

    [TestMethod]
    public void Weights_in_bodies_are_trained_and_only_their_bytes_change()
    {
        using var folder = new ExportFolder();
        File.WriteAllBytes(folder.Original, ModelWriter.Write(Build()));

        var weights = folder.Train();

        Assert.AreEqual("chosen.else_branch/bias, chosen.else_branch/weight, chosen.then_branch/bias, chosen.then_branch/weight",
            string.Join(", ", weights.Keys.Order(StringComparer.Ordinal)));
        var report = folder.Export(weights);
        var expected = File.ReadAllBytes(folder.Original);
        foreach (var (name, values) in weights)
            MemoryMarshal.AsBytes(values.Span).CopyTo(expected.AsSpan(expected.AsSpan().IndexOf(MemoryMarshal.AsBytes(Initial(name).AsSpan()))));
        CollectionAssert.AreEqual(expected, File.ReadAllBytes(folder.Output));
        Assert.AreEqual(4, report.ChangedTensors);
        Assert.IsLessThan(1e-5, report.MaxRelativeDifference);
    }

    // softmax(x W + b) with one of two W and b: those of the branch that the sum of x chooses; b is a Constant node.
    private static Model Build()
    {
        var graph = new Graph("choice");
        var batch = new Dimension(-1, "batch");
        var x = graph.AddInput("x", ElementType.Float32, new Shape(batch, new Dimension(SmallModel.Features)));
        var positive = x.SumAll().Greater(graph.Scalar(0, ElementType.Float32));
        var node = graph.AddNode("If", "", [positive], [new("then_branch", Branch("then_branch")), new("else_branch", Branch("else_branch"))], 1);
        graph.Rename(node.Output.As(ElementType.Undefined), "chosen");
        var y = graph.Renamed(graph.Emit("Softmax", [node.Output], ("axis", 1L)).As(ElementType.Float32), "y");
        y.Shape = new Shape(batch, new Dimension(SmallModel.Classes));
        graph.Outputs.Add(y);
        return new Model(graph) { IrVersion = 8, Opsets = { [""] = 13 } };

        Graph Branch(string name)
        {
            var body = new Graph(name, graph);
            var weight = body.AddInitializer("weight", Tensor.Floats(WeightDims, Initial($"chosen.{name}/weight")));
            var bias = body.Emit("Constant", [], ("value", Tensor.Floats([SmallModel.Classes], Initial($"chosen.{name}/bias"))));
            body.Rename(bias, "bias");
            body.Outputs.Add(body.Emit("Add", [body.Emit("MatMul", [x, weight]), bias]));
            return body;
        }
    }

    private static float[] Initial(string name)
    {
        var random = new Random(name.Sum(c => c));
        return [.. Enumerable.Range(0, name.EndsWith("bias", StringComparison.Ordinal) ? SmallModel.Classes : SmallModel.Features * SmallModel.Classes).Select(_ => random.NextSingle() - 0.5f)];
    }
}
