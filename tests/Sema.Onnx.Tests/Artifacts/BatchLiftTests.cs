using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Artifacts;

[TestClass]
public sealed class BatchLiftTests
{
    private static readonly CompositionOptions Options = new() { Loss = new MeanSquaredErrorLoss() };

    [TestMethod]
    public void A_batch_of_1_is_lifted() => Assert.AreEqual("[4, 3]", Lifted(TinyModels.Mlp("1")));

    [TestMethod]
    public void Constant_shapes_on_the_way_are_lifted() => Assert.AreEqual("[4, 3]", Lifted(TinyModels.Mlp("1", y => y.Reshape(1, 3, 1).Reshape(1, 3))));

    [TestMethod]
    public void A_model_with_data_files_is_lifted()
    {
        using var folder = new TemporaryFolder();
        var path = LargeModel.SaveWithData(folder, "1");
        var model = ModelReader.Read(path);
        ArtifactBuilder.Unbatch(model, path, Composer.OneShape(model.Graph, [4, .. model.Graph.Inputs[0].Shape!.Sizes.Skip(1)]));
        Assert.IsFalse(model.Graph.Inputs[0].Shape![0].IsKnown);
    }

    [TestMethod]
    public void A_batch_that_is_open_stays_as_it_is()
    {
        using var folder = new TemporaryFolder();
        var path = TinyModels.Mlp().Save(folder);
        var model = ModelReader.Read(path);
        ArtifactBuilder.Unbatch(model, path, Composer.OneShape(model.Graph, [4, TinyModels.Features]));
        Assert.AreEqual("[batch, 3]", $"{model.Graph.Outputs[0].Shape}");
        CollectionAssert.AreEqual(ModelWriter.Write(ModelReader.Read(path)), ModelWriter.Write(model));
    }

    [TestMethod]
    public void Integer_outputs_are_compared_too()
    {
        var model = TinyModels.Mlp("1");
        var label = model.Graph.Emit("ArgMax", [model.Graph.Outputs[0]], ("axis", 1)).As(ElementType.Int64);
        model.Graph.Outputs.Add(label);
        Assert.AreEqual("[4, 3]", Lifted(model));
    }

    [TestMethod]
    public void Samples_that_change_in_company_are_refused() =>
        Refused(y => y - y.Mean([0], keep: true), "for a sample changes from");

    [TestMethod]
    public void Integer_outputs_that_change_in_company_are_refused()
    {
        var model = TinyModels.Mlp("1");
        var y = model.Graph.Outputs[0];
        model.Graph.Outputs.Add((y - y.Mean([0], keep: true) + y.Graph.Vector(0, 1, 2).Cast(ElementType.Float32)).Cast(ElementType.Int64));
        Refused(model, "changes when others stand beside it");
    }

    [TestMethod]
    public void An_output_without_a_batch_axis_is_refused() => Refused(y => y.Mean([0], keep: true), "has the shape [1, 3] for one sample and [1, 3] for 3: it does not grow with the batch");

    [TestMethod]
    public void A_scalar_output_is_refused()
    {
        var model = TinyModels.Mlp("1");
        model.Graph.Outputs.Add(model.Graph.Outputs[0].SumAll());
        Refused(model, "it does not grow with the batch");
    }

    [TestMethod]
    public void A_model_that_does_not_run_in_batches_is_refused() => Refused(y => y.Reshape(3).Exp().Reshape(1, 3), "Running the model failed");

    [TestMethod]
    public void Inputs_are_lifted_where_they_vary_with_the_samples()
    {
        // x and z come in batches; the offset [1, 3] is the same for all and stays.
        Assert.AreEqual("[4, 3]", Lifted(Three(), ("x", [4, 4]), ("z", [4, 3]), ("offset", [1, 3])));
        Assert.AreEqual("[1, 3]", Lifted(Three(), ("x", [1, 4]), ("z", [1, 3]), ("offset", [1, 3])));
    }

    [TestMethod]
    public void Inputs_that_cannot_vary_together_are_refused()
    {
        // The mean of z over the batch mixes the samples.
        var model = Three(z => z.Mean([0], keep: true));
        var error = Assert.ThrowsExactly<InvalidModelException>(() => Lifted(model, ("x", [4, 4]), ("z", [4, 3]), ("offset", [1, 3])));
        Assert.Contains("or train with batches of 1 (--batch-size 1).", error.Message);
        Assert.AreEqual("[1, 3]", Lifted(model, ("x", [1, 4]), ("z", [1, 3]), ("offset", [1, 3])));
    }

    // (MLP of x [1, 4]) + z [1, 3] + offset [1, 3], a batch of 1 baked in.
    private static Model Three(Func<Value, Value>? change = null) => TinyModels.Mlp("1", y =>
    {
        var z = y.Graph.AddInput("z", ElementType.Float32, Shape.Of(1, 3));
        return y + (change is null ? z : change(z)) + y.Graph.AddInput("offset", ElementType.Float32, Shape.Of(1, 3));
    });

    private static string Lifted(Model model, params (string Name, long[] Shape)[] shapes)
    {
        using var folder = new TemporaryFolder();
        var graphs = ArtifactBuilder.Compose(model.Save(folder), Options, _ => shapes.ToDictionary(s => s.Name, s => (IReadOnlyList<long>)s.Shape), null);
        return $"{Shape.Of(graphs.Prediction.Shape)}";
    }

    private static string Lifted(Model model)
    {
        using var folder = new TemporaryFolder();
        var graphs = ArtifactBuilder.Compose(model.Save(folder), Options, graph => Composer.OneShape(graph, [4, TinyModels.Features]), null);
        return $"{Shape.Of(graphs.Prediction.Shape)}";
    }

    private static void Refused(Func<Value, Value> end, string reason) => Refused(TinyModels.Mlp("1", end), reason);

    private static void Refused(Model model, string reason)
    {
        var error = Assert.ThrowsExactly<InvalidModelException>(() => Lifted(model));
        StringAssert.Contains(error.Message, "has a batch size of 1 baked in, and it cannot be lifted", StringComparison.Ordinal);
        StringAssert.Contains(error.Message, reason, StringComparison.Ordinal);
    }
}
