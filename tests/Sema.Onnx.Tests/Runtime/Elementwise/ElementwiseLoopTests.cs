using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Runtime.Elementwise;

[TestClass]
public sealed class ElementwiseLoopTests
{
    private static readonly ParallelOptions Two = new() { MaxDegreeOfParallelism = 2 };

    public static IEnumerable<object[]> Elementwise => OptimizerReferences.All.Where(o => !o.Value.Optimizer.IsPerParameter).Select(o => new object[] { o.Key });

    [TestMethod, DynamicData(nameof(Elementwise))]
    public void Every_elementwise_update_has_the_bits_of_a_session(string name)
    {
        var optimizer = OptimizerReferences.All[name].Optimizer;
        foreach (var length in new[] { 1, 15, 16, 1000 })
            CheckUpdate(optimizer, length);
    }

    [TestMethod]
    public void A_range_is_moved_in_pieces_and_nothing_beside_it()
    {
        const int Length = 300_000, Start = 70_001, Count = 150_002;
        using Arena a = new(Device.Cpu, Length), b = new(Device.Cpu, Length);
        var (before, other) = (TestModels.Random(1, Length), TestModels.Random(2, Length));
        a.CopyFrom<float>(before);
        b.CopyFrom<float>(other);
        var loop = ElementwiseLoop.Compile(BlendGraph.Build().Graph)!;
        CollectionAssert.AreEqual(new[] { BlendGraph.A, BlendGraph.B, BlendGraph.Result }, loop.Streams.ToArray());
        loop.Run([a, b, a], loop.Scalars(new Dictionary<string, double> { [BlendGraph.Share] = 0.25 }), Start, Count, Two);
        var after = Read(a);
        for (var i = 0; i < Length; i++)
            Assert.AreEqual(i is >= Start and < Start + Count ? 0.25f * before[i] + 0.75f * other[i] : before[i], after[i], $"element {i}");
    }

    [TestMethod]
    public void Each_operator_has_the_bits_of_a_session()
    {
        var graph = new Graph("operators");
        var x = graph.AddInput("x", ElementType.Float32, TestModels.Axes("n"));
        var y = graph.AddInput("y", ElementType.Float32, TestModels.Axes("n"));
        var s = graph.AddInput("s", ElementType.Float64, new Shape());
        var scalar = ((s * 3 - 1) / s.Like(7).Pow(s)).Sqrt().Cast(ElementType.Float32);
        var chosen = s.Greater(s.Like(0.5)).Where(x, y);
        Output("sum", x + y * scalar - x / (y.Abs() + 1));
        Output("extremes", x.Max(y) * scalar.Min(x.Like(0.3)) - x.Min(y));
        Output("signs", (-x).Sign() + (x - x).Sign() + chosen);
        Output("chosen", x.Greater(y).Where(x.Square(), y.Abs().Sqrt()));
        CheckBits(new Model(graph) { Opsets = { [""] = Model.Opset } }, new() { ["s"] = 0.625 });

        void Output(string name, Value value)
        {
            graph.Rename(value, name);
            (value.Type, value.Shape) = (x.Type, x.Shape);
            graph.Outputs.Add(value);
        }
    }

    [TestMethod]
    public void What_is_not_elementwise_makes_no_loop()
    {
        Assert.IsNull(ElementwiseLoop.Compile(UpdateGraph.Build(new Lamb(), 0).Graph), "norms");
        Assert.IsNull(ElementwiseLoop.Compile(One((x, g) => x * g.AddInitializer("row", Tensor.Floats([2], [1, 2])))), "a constant vector");
        Assert.IsNull(ElementwiseLoop.Compile(One((x, _) => x.Exp())), "an operator that is not known");
        Assert.IsNull(ElementwiseLoop.Compile(One((x, g) => x * g.AddInput("m", ElementType.Float32, TestModels.Axes("n", "m")))), "a matrix");
        Assert.IsNull(ElementwiseLoop.Compile(One((x, g) => g.Emit("Sqrt", [x, null]))), "an input that is left out");
        Assert.IsNotNull(ElementwiseLoop.Compile(One((x, _) => x * 2)));

        static Graph One(Func<Value, Graph, Value> make) =>
            TestModels.Model(g => [(make(g.AddInput("x", ElementType.Float32, TestModels.Axes("n")), g), "y")]).Graph;
    }

    private static void CheckUpdate(Optimizer optimizer, int length)
    {
        var weights = TestModels.Random(1, length);
        using var session = new UpdateRun(optimizer, 2, weights, inPlace: true);
        using var scalars = new StepScalars(optimizer, _ => 0.01);
        var loop = ElementwiseLoop.Compile(UpdateGraph.Build(optimizer, 2).Graph);
        Assert.IsNotNull(loop);
        var arenas = session.Names.Append(UpdateGraph.Gradients).ToDictionary(name => name, _ => new Arena(Device.Cpu, length));
        foreach (var name in session.Names)
            arenas[name].CopyFrom<float>(session[name]);
        Arena[] streams = [.. loop.Streams.Select(s => arenas[s.StartsWith(UpdateGraph.Next, StringComparison.Ordinal) ? s[UpdateGraph.Next.Length..] : s])];
        for (var step = 1; step <= 7; step++)
        {
            var gradient = TestModels.Random(step + 100, length);
            gradient[0] = 0;
            arenas[UpdateGraph.Gradients].CopyFrom<float>(gradient);
            session.Step(gradient, 0.01, 0.1, 0.5, 0.9, 0.99);
            var values = new Dictionary<string, double>
            {
                [UpdateGraph.LearningRate] = 0.01,
                [UpdateGraph.WeightDecay] = 0.1,
                [UpdateGraph.GradientScale] = 0.5,
                [UpdateGraph.Step] = step,
                [UpdateGraph.Decay(0)] = 0.9,
                [UpdateGraph.Decay(1)] = 0.99,
            };
            foreach (var (own, value) in optimizer.Scalars.Zip(scalars.At(step)))
                values[own] = value;
            loop.Run(streams, loop.Scalars(values), 0, length, Two);
            foreach (var name in session.Names)
                CollectionAssert.AreEqual(session[name], Read(arenas[name]), $"{name}, step {step}, {length} elements");
        }

        foreach (var arena in arenas.Values)
            arena.Dispose();
    }

    private static void CheckBits(Model model, Dictionary<string, double> scalars)
    {
        const int Length = 45;
        var loop = ElementwiseLoop.Compile(model.Graph);
        Assert.IsNotNull(loop);
        var inputs = new Dictionary<string, HostTensor>();
        var arenas = loop.Streams.ToDictionary(s => s, _ => new Arena(Device.Cpu, Length));
        foreach (var (k, vector) in model.Graph.Inputs.Where(i => i.Rank == 1).Index())
        {
            var values = TestModels.Random(k + 1, Length);
            (values[0], values[17], values[44]) = (0, 0, -0f);
            inputs[vector.Name] = HostTensor.Of<float>(values, Length);
            arenas[vector.Name].CopyFrom<float>(values);
        }

        foreach (var (name, value) in scalars)
            inputs[name] = HostTensor.Scalar(value);
        loop.Run([.. loop.Streams.Select(s => arenas[s])], loop.Scalars(scalars), 0, Length, Two);
        foreach (var (name, expected) in ModelRunner.Run(ModelWriter.Write(model), inputs))
            CollectionAssert.AreEqual(expected.As<float>().ToArray(), Read(arenas[name]), name);
    }

    private static float[] Read(Arena arena)
    {
        var values = new float[arena.Length];
        arena.CopyTo<float>(values);
        return values;
    }
}
