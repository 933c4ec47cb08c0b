using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Runtime;

[TestClass]
public sealed class SessionTests
{
    [TestMethod]
    public void Inputs_and_outputs_are_described_in_the_models_order()
    {
        using var session = new Session(MatMulAndCast());
        Assert.AreEqual("b a", string.Join(" ", session.Inputs.Keys));
        Assert.AreEqual("y i", string.Join(" ", session.Outputs.Keys));
        Assert.AreEqual(new TensorInfo("a", ElementType.Float32, new Shape(new Dimension(-1, "batch"), new(3))), session.Inputs["a"]);
        Assert.AreEqual(ElementType.Int64, session.Outputs["i"].Type);
    }

    [TestMethod]
    public void A_graph_is_loaded_with_its_large_tensors_where_they_stand()
    {
        using var folder = new TemporaryFolder();
        var inputs = new Dictionary<string, HostTensor> { ["x"] = HostTensor.Of<float>(TestModels.Random(1, LargeModel.Features), 1, LargeModel.Features) };
        var expected = ModelRunner.Run(LargeModel.Build().Save(folder), inputs)["y"].As<float>().ToArray();
        // At an offset that no float begins at, too, as in a model file.
        foreach (var model in new[] { ModelReader.Read(LargeModel.SaveWithData(folder)), ModelReader.Read(LargeModel.Build().Save(folder), 1) })
        {
            Assert.IsNotNull(model.Graph.Find("w")!.Initializer!.Stretch);
            using var session = new Session(model);
            CollectionAssert.AreEqual(expected, ModelRunner.Run(session, inputs)["y"].As<float>().ToArray());
        }
    }

    [TestMethod]
    public void Symbolic_axes_take_the_sizes_given()
    {
        using var session = new Session(MatMulAndCast(), new() { FreeDimensions = new Dictionary<string, long> { ["batch"] = 7, ["other"] = 9 } });
        Assert.AreEqual(Shape.Of(7, 3), session.Inputs["a"].Shape);
        Assert.AreEqual(Shape.Of(7, 2), session.Outputs["y"].Shape);
    }

    [TestMethod]
    public void An_unknown_rank_is_no_scalar()
    {
        using var session = new Session(TestModels.Bytes(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(4));
            var shape = g.AddInput("shape", ElementType.Int64, TestModels.Axes("rank"));
            var sum = g.Emit("ReduceSum", [x], ("keepdims", 0));
            return [(Untyped(g.Emit("Reshape", [x, shape])), "reshaped"), (Untyped(sum), "sum")];
        }));
        Assert.IsNull(session.Outputs["reshaped"].Shape);
        Assert.AreEqual(Shape.Of(), session.Outputs["sum"].Shape);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    public void The_same_threads_give_the_same_bits(int threads)
    {
        var model = TestModels.Bytes(g =>
        {
            var a = g.AddInput("a", ElementType.Float32, Shape.Of(200, 300));
            var b = g.AddInput("b", ElementType.Float32, Shape.Of(300, 150));
            var product = g.Emit("MatMul", [a, b]);
            return
            [
                (g.Emit("ReduceSum", [g.Emit("Softmax", [product])], ("keepdims", 0)), "y"),
                (g.Emit("ReduceMean", [product], ("keepdims", 0)), "m"),
            ];
        });
        using var a = HostTensor.Of<float>(TestModels.Random(1, 60_000), 200, 300);
        using var b = HostTensor.Of<float>(TestModels.Random(2, 45_000), 300, 150);
        var inputs = new Dictionary<string, HostTensor> { ["a"] = a, ["b"] = b };
        var bits = Enumerable.Range(0, 10).Select(_ => ModelRunner.Run(model, inputs, new() { Threads = threads }))
            .Select(o => (o["y"].As<int>()[0], o["m"].As<int>()[0])).Distinct();
        Assert.HasCount(1, bits);
    }

    [TestMethod]
    public void A_file_that_is_missing_or_no_model_is_refused_by_name()
    {
        var missing = Assert.ThrowsExactly<RuntimeException>(() => new Session("no-such-file.onnx"));
        Assert.StartsWith("Loading 'no-such-file.onnx' failed: ", missing.Message);
        var malformed = Assert.ThrowsExactly<RuntimeException>(() => new Session([1, 2, 3]));
        Assert.AreEqual("Loading the model failed: Failed to load model because protobuf parsing failed.", malformed.Message);
    }

    [TestMethod]
    public void A_shape_that_does_not_fit_is_refused_in_a_sentence()
    {
        using var session = new Session(MatMulAndCast());
        using var a = new HostTensor(ElementType.Float32, 2, 4);
        using var b = new HostTensor(ElementType.Float32, 3, 2);
        var error = Assert.ThrowsExactly<RuntimeException>(() => ModelRunner.Run(session, new Dictionary<string, HostTensor> { ["a"] = a, ["b"] = b }));
        Assert.StartsWith("Running the model failed: Got invalid dimensions for input: a ", error.Message);
    }

    [TestMethod]
    public void An_input_that_is_not_bound_is_named()
    {
        var error = Assert.ThrowsExactly<RuntimeException>(() => ModelRunner.Run(TestModels.Doubled, new Dictionary<string, HostTensor>()));
        Assert.AreEqual("Running the model failed: operator 'Mul', node '': Missing Input: x.", error.Message);
    }

    [TestMethod]
    public void The_binding_of_another_session_is_refused()
    {
        using var session = new Session(TestModels.Doubled);
        using var other = new Session(TestModels.Doubled);
        using var binding = new Binding(other);
        Assert.ThrowsExactly<ArgumentException>(() => session.Run(binding));
    }

    [TestMethod]
    public void CUDA_without_its_provider_is_refused_with_what_to_install()
    {
        if (File.Exists(Path.Combine(AppContext.BaseDirectory, "libonnxruntime_providers_cuda.so")))
            Assert.Inconclusive("The provider is there.");
        var error = Assert.ThrowsExactly<RuntimeUnavailableException>(() => new Session(TestModels.Doubled, new() { Device = Device.Cuda(1) }));
        Assert.StartsWith("The device 'cuda:1' needs ONNX Runtime's CUDA provider (", error.Message);
        Assert.Contains("install com.github.asus4.onnxruntime.linux-x64-gpu from npm", error.Message);
        Assert.ThrowsExactly<RuntimeUnavailableException>(() => new Arena(Device.Cuda(1), 8));
    }

    private static byte[] MatMulAndCast() => TestModels.Bytes(g =>
    {
        var b = g.AddInput("b", ElementType.Float32, Shape.Of(3, 2));
        var a = g.AddInput("a", ElementType.Float32, new Shape(new Dimension(-1, "batch"), new(3)));
        var y = g.Emit("MatMul", [a, b]);
        return [(y, "y"), (g.Emit("Cast", [y], ("to", (long)ElementType.Int64)).As(ElementType.Int64), "i")];
    });

    private static Value Untyped(Value value) => value.As(ElementType.Undefined);
}
