namespace Sema.Onnx.Graphs.Passes;

[TestClass]
public sealed class HeldBranchesTests
{
    private const int Seed = 20240311;

    private static readonly long[] Plane = [1, 2, 4, 4];

#pragma warning disable format // a table: aligned columns
    // Elu and Selu curve below 0, so that they are held above it.
    private static readonly Dictionary<string, (string Op, long[][] Inputs, double Low, Attribute[] Attributes)> Table = new()
    {
        ["Relu"]                  = ("Relu",            [[3, 4]],         -1,   []),
        ["LeakyRelu"]             = ("LeakyRelu",       [[3, 4]],         -1,   [("alpha", 0.3f)]),
        ["PRelu"]                 = ("PRelu",           [[3, 4], [4]],    -1,   []),
        ["ThresholdedRelu"]       = ("ThresholdedRelu", [[3, 4]],         -1,   [("alpha", 0.3f)]),
        ["Elu"]                   = ("Elu",             [[3, 4]],         0.1,  [("alpha", 0.7f)]),
        ["Selu"]                  = ("Selu",            [[3, 4]],         0.1,  []),
        ["Abs"]                   = ("Abs",             [[3, 4]],         -1,   []),
        ["Clip"]                  = ("Clip",            [[3, 4], [], []], -1,   []),
        ["Clip, below"]           = ("Clip",            [[3, 4], []],     -1,   []),
        ["HardSigmoid"]           = ("HardSigmoid",     [[3, 4]],         -1,   [("alpha", 0.9f)]),
        ["HardSwish"]             = ("HardSwish",       [[3, 4]],         -1,   []),
        ["Max"]                   = ("Max",             [[3, 4], [4]],    -1,   []),
        ["Min"]                   = ("Min",             [[3, 4], [3, 1]], -1,   []),
        ["ReduceMax"]             = ("ReduceMax",       [[3, 4]],         -1,   [("keepdims", 0L)]),
        ["ReduceMin"]             = ("ReduceMin",       [[3, 4]],         -1,   []),
        ["ReduceL1"]              = ("ReduceL1",        [[3, 4]],         -1,   [("keepdims", 0L)]),
        ["MaxPool"]               = ("MaxPool",         [Plane],          -1,   [("kernel_shape", [3, 2]), ("pads", [1, 0, 1, 1]), ("strides", [2, 1])]),
        ["GlobalMaxPool"]         = ("GlobalMaxPool",   [Plane],          -1,   []),
        ["TopK"]                  = ("TopK",            [[3, 4]],         -1,   [("axis", 0)]),
    };
#pragma warning restore format

    public static IEnumerable<string> Cases => Table.Keys;

    [TestMethod]
    public void Every_form_has_a_case() =>
        CollectionAssert.AreEquivalent(HeldBranches.Operators.ToList(), Table.Values.Select(c => c.Op).Distinct().ToList());

    // On its piece each is a polynomial of degree 2 along any line (PRelu's, of x and its slope; HardSwish), however far a step goes.
    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void With_its_choices_held_an_operator_keeps_its_value_and_has_no_kinks(string name)
    {
        var row = Table[name];
        var graph = new Graph("test");
        var (held, moving) = (Operator(graph, "held", row.Op, row.Inputs, row.Attributes), Operator(graph, "x", row.Op, row.Inputs, row.Attributes));
        graph.Outputs.AddRange([graph.Renamed(held.Identity(), "expected"), graph.Renamed(moving.Identity(), "y")]);
        var choices = HeldBranches.Run(graph, graph.Inputs);
        Assert.IsNotEmpty(choices);
        for (var i = 0; i < choices.Count / 2; i++)
            graph.Replace(graph.Find(choices[choices.Count / 2 + i])!, graph.Find(choices[i])!);

        using var runner = new FloatRunner(graph);
        var random = new Random(Seed);
        var at = graph.Inputs.Where(v => v.Name.StartsWith("held", StringComparison.Ordinal)).ToDictionary(v => v.Name[4..], v => Draw(random, v, row.Low));
        var step = at.ToDictionary(x => x.Key, x => Array.ConvertAll(x.Value, _ => random.NextDouble() * 4 - 2));
        var values = new[] { -1, 0, 1, 2 }.Select(Along).ToList();

        AreClose(values[1]["expected"], values[1]["y"]);
        var thirds = values[3]["y"].Select((y, i) => y - 3 * values[2]["y"][i] + 3 * values[1]["y"][i] - values[0]["y"][i]).ToArray();
        AreClose(new double[thirds.Length], thirds);

        Dictionary<string, double[]> Along(int t) => runner.Run(at.SelectMany(x => new[]
        {
            ($"held{x.Key}", x.Value), ($"x{x.Key}", x.Value.Zip(step[x.Key], (a, b) => a + t * b).ToArray()),
        }).ToDictionary(x => x.Item1, x => x.Item2));
    }

    [TestMethod]
    public void Sizes_and_what_no_weight_moves_are_no_choices()
    {
        var graph = new Graph("test");
        var (x, w) = (graph.AddInput("x", ElementType.Float64, Shape.Of([3, 4])), graph.AddInput("w", ElementType.Float64, Shape.Of([4])));
        var y = (x * w).Masked(x.Greater(x.Like(0)));
        graph.Outputs.Add(y.Reshape(y.DynamicShape()));

        Assert.IsEmpty(HeldBranches.Run(graph, [w]));
    }

    // Clip's bounds are constants, and TopK's number.
    private static Value Operator(Graph graph, string stem, string op, long[][] shapes, Attribute[] attributes)
    {
        var inputs = shapes.Select((shape, i) => shape.Length == 0 ? graph.Scalar(i == 1 ? -0.3 : 0.4, ElementType.Float64)
            : graph.AddInput($"{stem}{i}", ElementType.Float64, Shape.Of(shape))).ToList();
        if (op != "TopK")
            return graph.Emit(op, inputs, attributes);
        var top = graph.AddNode(op, "", [.. inputs, graph.Vector(2)], attributes, 2);
        top.Outputs[1]!.Type = ElementType.Int64;
        return top.Output;
    }

    private static double[] Draw(Random random, Value value, double low) =>
        [.. Enumerable.Range(0, (int)value.KnownShape.Count).Select(_ => low + random.NextDouble() * (1 - low))];

    private static void AreClose(double[] expected, double[] actual)
    {
        Assert.HasCount(expected.Length, actual);
        for (var i = 0; i < expected.Length; i++)
            Assert.AreEqual(expected[i], actual[i], 1e-6);
    }
}
