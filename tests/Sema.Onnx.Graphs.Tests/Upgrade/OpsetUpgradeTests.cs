using Microsoft.ML.OnnxRuntime;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Graphs.Upgrade;

[TestClass]
public sealed class OpsetUpgradeTests
{
    private const int Seed = 20240209;

    private static readonly UpgradeCase[] Table = [.. UpgradeCases.All, .. EarlyCases.All];

    public static IEnumerable<object[]> Cases => Table.Select(c => new object[] { c.ToString() });

    public static IEnumerable<object[]> Rows => Adapters.Table.Keys.Select(k => new object[] { k.Op, k.Since });

    // ONNX Runtime runs the older form of these at opset 21, though the standard has given it up.
    private static readonly (string Op, int Since)[] Tolerated = [("Resize", 13)];

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Upgraded_graph_computes_what_the_old_one_did(string name)
    {
        var old = Case(name).Reference();
        var upgraded = Upgraded(name);

        var expected = ModelRun.Run(old, Seed);
        var actual = ModelRun.Run(upgraded, Seed);

        Assert.HasCount(expected.Length, actual);
        foreach (var (e, a) in expected.Zip(actual))
            Assert.IsTrue(e.Agrees(a), $"{name}\nold: {e.Type} [{e.Shape}] {Join(e)}\nnew: {a.Type} [{a.Shape}] {Join(a)}");
    }

    [TestMethod]
    [DynamicData(nameof(Rows))]
    public void Row_has_a_case_that_fails_without_it(string op, int since)
    {
        var cases = Table.Where(c => c.Op == op && c.Since == since).ToArray();
        var others = Adapters.Table.Where(r => r.Key != (op, since)).ToDictionary();

        Assert.IsNotEmpty(cases, $"'{op}' {since} has an adapter but no case.");
        Assert.IsTrue(
            cases.Any(c => Tolerated.Contains((op, since)) ? !Written(c, others).SequenceEqual(Written(c, Adapters.Table)) : !Agrees(c, others)),
            $"'{op}' {since}: every case passes without the adapter.");
    }

    [TestMethod]
    public void Experiment_has_a_case_or_is_refused_and_stands_in_no_upgraded_graph()
    {
        string[] refused = ["ATen", "GRUUnit", "GivenTensorFill"];
        CollectionAssert.AreEquivalent(Experiments.Table.Keys.Except(refused).ToArray(), Table.Where(c => c.IsExperiment).Select(c => c.Op).Distinct().ToArray());
        foreach (var c in Table)
            Assert.IsFalse(Upgraded(c.ToString()).Graph.Nodes.Exists(n => Experiments.Table.ContainsKey(n.OpType)), c.ToString());
    }

    [TestMethod]
    [DataRow(9)]
    [DataRow(13)]
    [DataRow(21)]
    public void Experiment_is_replaced_at_any_opset(int opset)
    {
        var model = OneNode(opset, "Affine", 1);
        OpsetUpgrade.Run(model);

        Assert.AreEqual("Mul, Add", string.Join(", ", model.Graph.Nodes.Select(n => n.OpType)));
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Upgrading_twice_changes_nothing_more(string name)
    {
        var model = Upgraded(name);
        var once = ModelWriter.Write(model);

        OpsetUpgrade.Run(model);

        CollectionAssert.AreEqual(once, ModelWriter.Write(model));
    }

    [TestMethod]
    public void Model_says_opset_21_afterwards_and_a_format_that_knows_it()
    {
        var model = Upgraded("TopK 10, of the last axis");

        Assert.AreEqual(21, model.StandardOpset);
        Assert.AreEqual(10, model.IrVersion);
    }

    [TestMethod]
    public void Node_of_opset_21_is_left_alone()
    {
        var model = OneNode(21, "Softmax", 1);
        var before = ModelWriter.Write(model);

        OpsetUpgrade.Run(model);

        CollectionAssert.AreEqual(before, ModelWriter.Write(model));
    }

    [TestMethod]
    [DataRow(22)]
    [DataRow(23)]
    [DataRow(24)]
    public void Later_opset_is_lowered_where_only_types_changed(int opset)
    {
        var model = OneNode(opset, "Relu", 1);

        OpsetUpgrade.Run(model);

        Assert.AreEqual(21, model.StandardOpset);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(25)]
    public void Opset_outside_1_to_24_is_refused(int opset)
    {
        var e = Assert.ThrowsExactly<InvalidModelException>(() => OpsetUpgrade.Run(OneNode(opset, "Relu", 1)));

        Assert.Contains($"version {opset} ", e.Message);
    }

    [TestMethod]
    [DataRow(24, "TensorScatter", 1)]
    [DataRow(9, "Dropout", 2)]
    [DataRow(9, "BatchNormalization", 5)]
    [DataRow(8, "Scan", 1)]
    [DataRow(18, "GroupNormalization", 1)]
    [DataRow(9, "ATen", 1)]
    [DataRow(13, "GRUUnit", 1)]
    [DataRow(1, "GivenTensorFill", 1)]
    [DataRow(8, "ImageScaler", 1)]
    [DataRow(8, "ParametricSoftplus", 1)]
    [DataRow(8, "Crop", 1)]
    [DataRow(6, "Dropout", 2)]
    public void What_opset_21_cannot_say_is_refused_with_the_name_of_the_node(int opset, string op, int outputs)
    {
        var model = OneNode(opset, op, outputs);
        model.Graph.Nodes[0].Name = "block/7";

        var e = Assert.ThrowsExactly<InvalidModelException>(() => OpsetUpgrade.Run(model));

        Assert.Contains($"'{op}'", e.Message);
        Assert.Contains("'block/7'", e.Message);
    }

    [TestMethod]
    [DataRow("Add", 6, "broadcast", 1L, "axis", -9L)]
    [DataRow("Add", 6, "broadcast", 1L, "axis", 4L)]
    [DataRow("Crop", 9, "border", new[] { 1L, 3L, 1L, 2L }, "none", 0L)]
    [DataRow("Crop", 9, "border", new[] { -1L, 0L, 0L, 0L }, "none", 0L)]
    [DataRow("Crop", 9, "border", new[] { 0L, 0L, 0L, 0L }, "scale", new[] { 3L })]
    public void What_lies_outside_the_data_is_refused(string op, int opset, string name, object value, string other, object otherValue)
    {
        var graph = new Graph("test");
        Value[] inputs = [graph.AddInput("x", ElementType.Float32, Shape.Of(1, 4, 5, 5)), graph.AddInput("b", ElementType.Float32, Shape.Of(4))];
        graph.Outputs.Add(graph.AddNode(op, "", op == "Add" ? inputs : inputs[..1], [new(name, value), new(other, otherValue)], 1).Output.As(ElementType.Float32));

        var e = Assert.ThrowsExactly<InvalidModelException>(() => OpsetUpgrade.Run(new Model(graph) { Opsets = { [""] = opset } }));

        Assert.Contains($"'{op}'", e.Message);
    }

    [TestMethod]
    public void Inner_graph_is_upgraded_and_reads_what_took_the_place_of_an_outer_node()
    {
        var old = WithInnerGraph();
        var upgraded = WithInnerGraph();
        OpsetUpgrade.Run(upgraded);

        Assert.AreEqual("Flatten, Softmax, Shape, Reshape, If", string.Join(", ", upgraded.Graph.Nodes.Select(n => n.OpType)));
        Assert.IsTrue(ModelRun.Run(old, Seed)[0].Agrees(ModelRun.Run(upgraded, Seed)[0]));
    }

    [TestMethod]
    public void Function_keeps_taking_an_attribute_that_became_an_input()
    {
        var old = WithFunction();
        var upgraded = WithFunction();
        OpsetUpgrade.Run(upgraded);

        Assert.IsTrue(ModelRun.Run(old, Seed)[0].Agrees(ModelRun.Run(upgraded, Seed)[0]));
    }

    // y = op(x, x, ...), with every output of the node an output of the graph.
    private static Model OneNode(int opset, string op, int outputs)
    {
        var model = new Model(new Graph("node"));
        model.Opsets[""] = opset;
        var x = model.Graph.AddInput("x", ElementType.Float32, Shape.Of(3, 3));
        model.Graph.Outputs.AddRange(model.Graph.AddNode(op, "", [x, x, x, x, x], [], outputs).Outputs.OfType<Value>());
        return model;
    }

    // p = Softmax(x); y = true ? Mean(p) over axis 1 : x, where the inner graph has a value of the name that the outer gets.
    private static Model WithInnerGraph()
    {
        var model = new Model(new Graph("outer")) { IrVersion = 6 };
        model.Opsets[""] = 11;
        var graph = model.Graph;
        var x = graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 4));
        var p = graph.Emit("Softmax", [x]);
        var (then, otherwise) = (new Graph("then", graph), new Graph("otherwise", graph));
        var mean = then.Renamed(then.Emit("ReduceMean", [p], ("axes", [1])), "Flatten");
        then.Outputs.Add(then.Emit("ReduceSum", [mean], ("axes", [2])));
        otherwise.Outputs.Add(otherwise.Emit("Identity", [x]));
        var condition = graph.AddInitializer("condition", new Tensor(ElementType.Bool, [], new byte[] { 1 }));
        graph.Outputs.Add(graph.Emit("If", [condition], new("then_branch", then), new Attribute("else_branch", otherwise)).As(ElementType.Undefined));
        return model;
    }

    // y = F(x), where F's attribute is ReduceMean's.
    private static Model WithFunction()
    {
        var model = new Model(new Graph("main")) { IrVersion = 8 };
        (model.Opsets[""], model.Opsets["local"]) = (17, 1);
        var body = new Graph("F") { IsFunctionBody = true };
        var x = body.AddInput("x", ElementType.Undefined, null);
        body.Outputs.Add(body.Emit("ReduceMean", [x], ("axes", new AttributeReference("over", typeof(long[])))));
        model.Functions.Add(new Function("local", "F", ["over"], body));
        var input = model.Graph.AddInput("x", ElementType.Float32, Shape.Of(2, 3, 4));
        model.Graph.Outputs.Add(model.Graph.AddNode("F", "local", [input], [("over", [0, 2])], 1).Output);
        return model;
    }

    private static UpgradeCase Case(string name) => Table.Single(c => c.ToString() == name);

    private static Model Upgraded(string name)
    {
        var model = Case(name).Model();
        OpsetUpgrade.Run(model);
        return model;
    }

    private static bool Agrees(UpgradeCase c, IReadOnlyDictionary<(string Op, int Since), Adapter> adapters)
    {
        try
        {
            var model = c.Model();
            OpsetUpgrade.Run(model, adapters);
            return ModelRun.Run(c.Reference(), Seed).Zip(ModelRun.Run(model, Seed)).All(o => o.First.Agrees(o.Second));
        }
        catch (Exception e) when (e is OnnxRuntimeException or InvalidModelException)
        {
            return false;
        }
    }

    private static byte[] Written(UpgradeCase c, IReadOnlyDictionary<(string Op, int Since), Adapter> adapters)
    {
        var model = c.Model();
        OpsetUpgrade.Run(model, adapters);
        return ModelWriter.Write(model);
    }

    private static string Join(ModelRun.Output output) => string.Join(' ', output.Elements.Take(16));
}
