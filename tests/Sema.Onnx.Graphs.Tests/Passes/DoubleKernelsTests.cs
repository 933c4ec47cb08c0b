using Sema.Onnx.Graphs.Autodiff;

namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class DoubleKernelsTests
{
    private const int Seed = 20240209;

    private static readonly long[] Plane = [2, 4, 6, 5];

#pragma warning disable format // a table: aligned columns
    private static readonly Dictionary<string, (string Op, long[][] Inputs, Attribute[] Attributes)> Table = new()
    {
        ["LeakyRelu"]                  = ("LeakyRelu",         [[3, 4]],                                []),
        ["PRelu"]                      = ("PRelu",             [[3, 4], [4]],                           []),
        ["Relu"]                       = ("Relu",              [[3, 4]],                                []),
        ["Elu"]                        = ("Elu",               [[3, 4]],                                [("alpha", 0.7f)]),
        ["HardSigmoid"]                = ("HardSigmoid",       [[3, 4]],                                [("alpha", 0.9f)]),
        ["HardSwish"]                  = ("HardSwish",         [[3, 4]],                                []),
        ["Sigmoid"]                    = ("Sigmoid",           [[3, 4]],                                []),
        ["Softplus"]                   = ("Softplus",          [[3, 4]],                                []),
        ["Softsign"]                   = ("Softsign",          [[3, 4]],                                []),
        ["Erf"]                        = ("Erf",               [[3, 4]],                                []),
        ["Gelu"]                       = ("Gelu",              [[3, 4]],                                []),
        ["Gelu by tanh"]               = ("Gelu",              [[3, 4]],                                [("approximate", "tanh")]),
        ["Tan"]                        = ("Tan",               [[3, 4]],                                []),
        ["Atan"]                       = ("Atan",              [[3, 4]],                                []),
        ["Asin"]                       = ("Asin",              [[3, 4]],                                []),
        ["Acos"]                       = ("Acos",              [[3, 4]],                                []),
        ["Sinh"]                       = ("Sinh",              [[3, 4]],                                []),
        ["Cosh"]                       = ("Cosh",              [[3, 4]],                                []),
        ["Asinh"]                      = ("Asinh",             [[3, 4]],                                []),
        ["Acosh"]                      = ("Acosh",             [[3, 4]],                                []),
        ["Atanh"]                      = ("Atanh",             [[3, 4]],                                []),
        ["Selu"]                       = ("Selu",              [[3, 4]],                                []),
        ["Selu, given"]                = ("Selu",              [[3, 4]],                                [("alpha", 0.7f), ("gamma", 2f)]),
        ["Celu"]                       = ("Celu",              [[3, 4]],                                [("alpha", 0.7f)]),
        ["ThresholdedRelu"]            = ("ThresholdedRelu",   [[3, 4]],                                [("alpha", 0.3f)]),
        ["Shrink"]                     = ("Shrink",            [[3, 4]],                                [("lambd", 0.4f), ("bias", 0.25f)]),
        ["Sqrt"]                       = ("Sqrt",              [[3, 4]],                                []),
        ["Mish"]                       = ("Mish",              [[3, 4]],                                []),
        ["ReduceProd"]                 = ("ReduceProd",        [[2, 3]],                                []),
        ["ReduceProd, no axes"]        = ("ReduceProd",        [[2, 3]],                                [("keepdims", 0L)]),
        ["InstanceNormalization"]      = ("InstanceNormalization", [Plane, [4], [4]],                   [("epsilon", 0.01f)]),
        ["GroupNormalization"]         = ("GroupNormalization", [Plane, [4], [4]],                      [("num_groups", 2L)]),
        ["LRN"]                        = ("LRN",               [Plane],                                 [("size", 3L), ("alpha", 0.5f), ("bias", 1.5f)]),
        ["MeanVarianceNormalization"]  = ("MeanVarianceNormalization", [Plane],                         []),
        ["Mean"]                       = ("Mean",              [[3, 4], [4], [3, 1]],                   []),
        ["LayerNormalization"]         = ("LayerNormalization", [[2, 3, 4], [3, 4], [3, 4]],            [("axis", 1)]),
        ["GlobalAveragePool"]          = ("GlobalAveragePool", [Plane],                                 []),
        ["GlobalMaxPool"]              = ("GlobalMaxPool",     [Plane],                                 []),
        ["LpPool"]                     = ("LpPool",            [Plane],                                 [("kernel_shape", [3, 2]), ("pads", [1, 0, 2, 1]), ("strides", [2, 1]), ("p", 3)]),
        ["LpPool, rounded up"]         = ("LpPool",            [Plane],                                 [("kernel_shape", [3, 3]), ("strides", [2, 3]), ("ceil_mode", 1)]),
        ["GlobalLpPool"]               = ("GlobalLpPool",      [Plane],                                 [("p", 3)]),
        ["AveragePool"]                = ("AveragePool",       [Plane],                                 [("kernel_shape", [2, 3])]),
        ["AveragePool, pads left out"] = ("AveragePool",       [Plane],                                 [("kernel_shape", [3, 2]), ("pads", [1, 0, 2, 1]), ("strides", [2, 1])]),
        ["AveragePool, pads counted"]  = ("AveragePool",       [Plane],                                 [("kernel_shape", [3, 2]), ("pads", [1, 0, 2, 1]), ("count_include_pad", 1)]),
        ["AveragePool, rounded up"]    = ("AveragePool",       [Plane],                                 [("kernel_shape", [3, 3]), ("strides", [2, 3]), ("ceil_mode", 1)]),
        ["Conv"]                       = ("Conv",              [Plane, [3, 4, 3, 2]],                   []),
        ["Conv, bias"]                 = ("Conv",              [Plane, [3, 4, 1, 1], [3]],              []),
        ["Conv, strides and pads"]     = ("Conv",              [Plane, [3, 4, 3, 2], [3]],              [("strides", [2, 3]), ("pads", [1, 0, 2, 1])]),
        ["Conv, dilations"]            = ("Conv",              [Plane, [3, 4, 3, 2]],                   [("dilations", [2, 3]), ("pads", [1, 1, 1, 1])]),
        ["Conv, groups"]               = ("Conv",              [Plane, [6, 2, 3, 3], [6]],              [("group", 2), ("strides", [2, 2]), ("pads", [1, 1, 1, 1])]),
        ["Conv, depthwise"]            = ("Conv",              [Plane, [4, 1, 3, 3]],                   [("group", 4)]),
        ["Conv, many channels"]        = ("Conv",              [[2, 16, 5, 4], [3, 16, 3, 3]],          [("pads", [1, 1, 1, 1])]),   // its input gradient is a Conv
        ["Conv, pointwise strides"]    = ("Conv",              [Plane, [3, 4, 1, 1], [3]],              [("strides", [2, 3])]),
        ["Conv, depthwise, all of it"] = ("Conv",              [Plane, [8, 1, 3, 2], [8]],              [("group", 4), ("strides", [2, 1]), ("pads", [1, 0, 2, 1]), ("dilations", [2, 3])]),
        ["Conv, large window"]         = ("Conv",              [[1, 2, 17, 18], [3, 2, 17, 16]],       []),   // gathered
        ["Conv, one axis"]             = ("Conv",              [[2, 4, 9], [3, 4, 3]],                  [("strides", [2]), ("pads", [1, 0])]),
        ["Conv, three axes"]           = ("Conv",              [[2, 2, 3, 4, 5], [3, 2, 2, 3, 2]],      [("strides", [1, 2, 1]), ("dilations", [1, 1, 2])]),
        ["ConvTranspose"]              = ("ConvTranspose",     [Plane, [4, 3, 3, 2], [3]],              []),
        ["ConvTranspose, all of it"]   = ("ConvTranspose",     [Plane, [4, 3, 3, 3]],                   [("group", 2), ("strides", [2, 3]), ("pads", [1, 0, 2, 1]), ("dilations", [2, 1]), ("output_padding", [1, 2])]),
        ["Resize, nearest"]            = ("Resize",            [Plane],                                 [("mode", "nearest")]),
        ["Resize, linear"]             = ("Resize",            [Plane],                                 [("mode", "linear"), ("coordinate_transformation_mode", "align_corners")]),
        ["Resize, cubic"]              = ("Resize",            [Plane],                                 [("mode", "cubic")]),
        ["RNN"]                        = ("RNN",               [[5, 2, 3], [2, 4, 3], [2, 4, 4], [2, 8]],   [("hidden_size", 4), ("direction", "bidirectional"), ("clip", 0.9f)]),
        ["GRU"]                        = ("GRU",               [[5, 2, 3], [1, 12, 3], [1, 12, 4], [1, 24]], [("hidden_size", 4), ("direction", "reverse")]),
        ["GRU, linear before reset"]   = ("GRU",               [[5, 2, 3], [1, 12, 3], [1, 12, 4], [1, 24]], [("hidden_size", 4), ("linear_before_reset", 1)]),
        ["LSTM"]                       = ("LSTM",              [[5, 2, 3], [2, 16, 3], [2, 16, 4], [2, 32]], [("hidden_size", 4), ("direction", "bidirectional")]),
        ["LSTM, other activations"]    = ("LSTM",              [[5, 2, 3], [1, 16, 3], [1, 16, 4], [1, 32]], [("hidden_size", 4), new("activations", (string[])["HardSigmoid", "Softsign", "Elu"])]),
        ["OneHot"]                     = ("OneHot",            [[2]],                                   [("axis", 0)]),
        ["MaxUnpool"]                  = ("MaxUnpool",         [[1, 1, 2, 2]],                          [("kernel_shape", [2, 2]), ("strides", [2, 2])]),
        ["Col2Im"]                     = ("Col2Im",            [[2, 12, 6]],                            [("pads", [0, 1, 1, 0]), ("dilations", [1, 2])]),
        ["DynamicQuantizeLinear"]      = ("DynamicQuantizeLinear", [Plane],                             []),
        ["ConvTranspose, one axis"]    = ("ConvTranspose",     [[2, 3, 5], [3, 2, 4]],                  [("strides", [3])]),
    };
#pragma warning restore format

    // Where the function is, and is smooth; from -1 to 1 for the others.
    private static readonly Dictionary<string, (double Low, double High)> Domains = new()
    {
        ["Asin"] = (-0.7, 0.7),
        ["Acos"] = (-0.7, 0.7),
        ["Atan"] = (-3, 3),
        ["Sqrt"] = (0.2, 3),
        ["Acosh"] = (1.5, 3),
        ["Atanh"] = (-0.7, 0.7),
        ["Asinh"] = (-3, 3),
    };

    public static IEnumerable<string> Cases => Table.Keys;

    public static IEnumerable<string> CasesWithARule => Table.Where(c => GradientRules.Operators.Contains(c.Value.Op)).Select(c => c.Key);

    [TestMethod]
    public void Every_replaced_operator_has_a_case() =>
        CollectionAssert.AreEquivalent(DoubleKernels.Operators.ToList(), Table.Values.Select(c => c.Op).Distinct().ToList());

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Float64_equals_the_float32_kernel(string name)
    {
        var (graph, inputs) = Sketch(name);
        using var narrow = new FloatRunner(graph);
        var expected = narrow.Run(inputs)["y"];

        DoublePrecision.Run(graph);
        DoubleKernels.Run(graph);

        using var wide = new FloatRunner(graph);
        Assert.AreEqual(ElementType.Float64, graph.Outputs[0].Type);
        Assert.IsLessThan(1e-6, Difference(wide.Run(inputs)["y"], expected), name);
    }

    [TestMethod]
    [DynamicData(nameof(CasesWithARule))]
    public void Gradient_of_the_rule_in_float64_agrees_with_central_differences(string name)
    {
        const double h = 1e-4;
        var (graph, inputs) = Sketch(name);
        var y = graph.Outputs[0];
        var loss = (y * graph.AddInput("weights", ElementType.Float32, y.Shape)).SumAll();
        inputs["weights"] = Draw(new Random(Seed + 1), y.KnownShape.Count);
        FloatRunner.InferShapes(graph, inputs);
        DoublePrecision.Run(graph);
        var x = graph.Inputs.SkipLast(1).ToList();
        var gradients = Differentiator.Gradients(loss, x);
        graph.Outputs.Clear();
        graph.Outputs.AddRange([graph.Renamed(loss, "loss"), .. x.Select(v => graph.Renamed(gradients[v].Identity(), $"d {v.Name}"))]);
        DoubleKernels.Run(graph);

        using var runner = new FloatRunner(graph);
        var analytic = runner.Run(inputs);
        foreach (var input in x.Select(v => v.Name))
        {
            var direction = Draw(new Random(Seed + 2), inputs[input].Length);
            var numeric = (At(h) - At(-h)) / (2 * h);
            Assert.IsLessThan(1e-7, Math.Abs(Dot(analytic[$"d {input}"], direction) - numeric) / Math.Max(Math.Abs(numeric), 0.1), $"{name}: {input}");

            double At(double step) => runner.Run(new Dictionary<string, double[]>(inputs)
            {
                [input] = [.. inputs[input].Zip(direction, (value, d) => value + step * d)],
            })["loss"][0];
        }
    }

    [TestMethod]
    public void Operators_inside_bodies_are_replaced_too()
    {
        var graph = new Graph("outer");
        Value x = graph.AddInput("x", ElementType.Float64, Shape.Of(2)), yes = graph.AddInitializer("yes", new Tensor(ElementType.Bool, [], new byte[] { 1 }));
        var y = BodyGraphs.If(graph, "y", yes, t => t.Emit("Softsign", [x]), e => e.Emit("Erf", [x])).Output;
        graph.Outputs.Add(y);
        ExplicitCaptures.Run(graph);

        Assert.IsTrue(DoubleKernels.Run(graph));

        using var runner = new FloatRunner(graph);
        Assert.AreEqual("0.5 -0.75", string.Join(' ', runner.Run(new Dictionary<string, double[]> { ["x"] = [1, -3] })["y"]));
    }

    [TestMethod]
    public void Erf_is_exact_to_the_last_digits()
    {
        var graph = new Graph("erf");
        graph.AddInput("x", ElementType.Float64, Shape.Of(9));
        graph.Outputs.Add(graph.Renamed(graph.Emit("Erf", graph.Inputs), "y"));
        DoubleKernels.Run(graph);

        // Abramowitz and Stegun, table 7.1, and its continuation.
        double[] x = [0, 1e-3, 0.5, 1, -1, 2, -3, 7, double.PositiveInfinity];
        double[] y = [0, 0.0011283787909692363, 0.5204998778130465, 0.8427007929497149, -0.8427007929497149, 0.9953222650189527, -0.9999779095030014, 1, 1];
        using var runner = new FloatRunner(graph);
        foreach (var (ours, expected) in runner.Run(new Dictionary<string, double[]> { ["x"] = x })["y"].Zip(y))
            Assert.AreEqual(expected, ours, 4e-16);
    }

    [TestMethod]
    [DataRow("Atan")]
    [DataRow("Asin")]
    [DataRow("Acos")]
    public void Inverse_of_a_circular_function_is_exact_to_the_last_digits(string op)
    {
        double[] x = [0, 1e-9, 0.1, -0.5, 0.999, 1, -1, .. op == "Atan" ? new[] { 2.5, -40, 1e200, double.PositiveInfinity } : []];
        Func<double, double> expected = op switch { "Atan" => Math.Atan, "Asin" => Math.Asin, _ => Math.Acos };
        var graph = new Graph("inverse");
        graph.AddInput("x", ElementType.Float64, Shape.Of(x.Length));
        graph.Outputs.Add(graph.Renamed(graph.Emit(op, graph.Inputs), "y"));
        DoubleKernels.Run(graph);

        using var runner = new FloatRunner(graph);
        foreach (var (ours, at) in runner.Run(new Dictionary<string, double[]> { ["x"] = x })["y"].Zip(x))
            Assert.AreEqual(expected(at), ours, 1e-15, $"at {at}");
    }

    [TestMethod]
    public void A_second_run_changes_nothing()
    {
        var (graph, _) = Sketch("Conv, groups");
        DoublePrecision.Run(graph);

        Assert.IsTrue(DoubleKernels.Run(graph));
        Assert.IsFalse(DoubleKernels.Run(graph));
    }

    private static (Graph Graph, Dictionary<string, double[]> Inputs) Sketch(string name)
    {
        var (op, shapes, attributes) = Table[name];
        var (graph, random) = (new Graph("sketch"), new Random(Seed));
        var x = shapes.Select((s, i) => graph.AddInput($"x{i}", ElementType.Float32, Shape.Of(s))).ToList();
        Value?[] operands = op switch
        {
            "Resize" => [x[0], null, graph.AddInitializer("scales", Tensor.Floats([4], [1, 1, 1.5f, 0.7f]))],
            "OneHot" => [graph.Vector(0, 2, -1), graph.Integer(4), x[0]],
            "MaxUnpool" => [x[0], graph.AddInitializer("places", new(ElementType.Int64, [1, 1, 2, 2], Tensor.Vector(0, 7, 9, 14).Data))],
            "Col2Im" => [x[0], graph.Vector(3, 3), graph.Vector(2, 2)],
            _ => [.. x],
        };
        graph.Outputs.Add(graph.Renamed(op == "DynamicQuantizeLinear" ? OnItsGrid(x[0]) : graph.Emit(op, operands, attributes).As(ElementType.Float32), "y"));
        var (low, high) = Domains.GetValueOrDefault(op, (-1, 1));
        var inputs = x.ToDictionary(v => v.Name, v => Draw(random, v.KnownShape.Count, low, high));
        FloatRunner.InferShapes(graph, inputs);
        return (graph, inputs);
    }

    private static Value OnItsGrid(Value x)
    {
        var grid = x.Graph.AddNode("DynamicQuantizeLinear", "", [x], [], 3).Outputs;
        return (grid[0]!.As(ElementType.UInt8).Cast(ElementType.Float32) - grid[2]!.As(ElementType.UInt8).Cast(ElementType.Float32)) * grid[1]!.As(ElementType.Float32);
    }

    private static double[] Draw(Random random, long count, double low = -1, double high = 1) =>
        [.. Enumerable.Range(0, (int)count).Select(_ => (double)(float)(low + (high - low) * random.NextSingle()))];

    private static double Dot(double[] a, double[] b) => a.Zip(b, (p, q) => p * q).Sum();

    private static double Difference(double[] ours, double[] expected)
    {
        Assert.HasCount(expected.Length, ours);
        var d = ours.Zip(expected, (p, q) => p - q).ToArray();
        return Math.Sqrt(Dot(d, d) / Dot(expected, expected));
    }
}
