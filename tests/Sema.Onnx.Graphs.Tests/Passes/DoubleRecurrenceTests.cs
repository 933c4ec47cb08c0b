using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class DoubleRecurrenceTests
{
    public static IEnumerable<object[]> Cases =>
        from op in RecurrentCases.Table.Keys.Where(op => !op.Contains('.'))
        from number in Enumerable.Range(0, RecurrentCases.Table[op].Length)
        select new object[] { op, number };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Float64_equals_the_float32_kernel(string op, int number)
    {
        var (c, random, graph) = (RecurrentCases.Table[op][number], new Random(number), new Graph("sketch"));
        var feeds = new Dictionary<string, Tensor>();
        var inputs = c.Inputs.Select((operand, i) => operand is null ? null : Input($"x{i}", operand.Draw(random, ElementType.Float32))).ToArray();
        graph.Outputs.AddRange(graph.AddNode(op, "", inputs, c.Attributes, c.Outputs).Outputs!);
        var expected = OnnxRunner.Run(Untyped(), feeds);

        DoublePrecision.Run(graph);
        DoubleKernels.Run(graph);

        var wide = feeds.ToDictionary(f => f.Key, f => f.Value.Type != ElementType.Float32 ? f.Value
            : GradientCheck.TensorOf(ElementType.Float64, [.. f.Value.Dims], f.Value.ToFloat64()));
        foreach (var (name, ours) in OnnxRunner.Run(Untyped(), wide))
        {
            Assert.AreEqual(ElementType.Float64, ours.Type);
            CollectionAssert.AreEqual(expected[name].Dims.ToArray(), ours.Dims.ToArray());
            var difference = ours.ToFloat64().Zip(expected[name].ToFloat64(), (a, b) => Math.Abs(a - b) / Math.Max(1, Math.Abs(b))).Max();
            Assert.IsLessThan(2e-6, difference, $"{c}: {name}");
        }

        Value Input(string name, Tensor tensor)
        {
            feeds[name] = tensor;
            return graph.AddInput(name, tensor.Type, tensor.Shape);
        }

        Graph Untyped()
        {
            graph.Outputs.ForEach(y => y.Type = ElementType.Undefined);
            return graph;
        }
    }
}
