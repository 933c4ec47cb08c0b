using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

[TestClass]
public sealed class BindingTests
{
    [TestMethod]
    public void Momentum_and_average_written_in_place_equal_the_plain_loop_bit_for_bit()
    {
        const int n = 1 << 20, steps = 3;
        const float rate = 0.1f, momentum = 0.9f, decay = 0.999f;
        var (w, v, e, g) = (TestModels.Random(1, n), new float[n], TestModels.Random(1, n), TestModels.Random(2, n));
        using var session = new Session(MomentumWithAverage(), new() { Threads = 2 });
        using var weights = Filled(w);
        using var velocity = Filled(v);
        using var average = Filled(e);
        using var gradient = Filled(g);
        using var binding = new Binding(session);
        foreach (var (name, arena) in new[] { ("w", weights), ("v", velocity), ("e", average) })
        {
            binding.BindInput(name, arena.Slice(0, n));
            binding.BindOutput(name + "'", arena.Slice(0, n));
        }

        binding.BindInput("g", gradient.Slice(0, n));
        using var lr = HostTensor.Scalar(rate);
        using var mu = HostTensor.Scalar(momentum);
        using var d = HostTensor.Scalar(decay);
        binding.BindInput("lr", lr);
        binding.BindInput("mu", mu);
        binding.BindInput("d", d);

        for (var step = 0; step < steps; step++)
        {
            session.Run(binding);
            for (var i = 0; i < n; i++)
            {
                v[i] = (momentum * v[i]) + g[i];
                w[i] -= rate * v[i];
                e[i] = (decay * e[i]) + ((1 - decay) * w[i]);
            }
        }

        CollectionAssert.AreEqual(v, Read(velocity));
        CollectionAssert.AreEqual(w, Read(weights));
        CollectionAssert.AreEqual(e, Read(average));
    }

    [TestMethod]
    public void Other_slices_can_be_bound_for_every_run()
    {
        using var session = new Session(TestModels.Doubled);
        using var input = Filled(TestModels.Random(3, 100));
        using var output = new Arena(Device.Cpu, 100);
        using var binding = new Binding(session);
        for (var offset = 0; offset < 100; offset += 30)
        {
            var count = Math.Min(30, 100 - offset);
            using var from = input.Slice(offset, count);
            using var to = output.Slice(offset, count);
            binding.BindInput("x", from);
            binding.BindOutput("y", to);
            session.Run(binding);
        }

        CollectionAssert.AreEqual(Array.ConvertAll(TestModels.Random(3, 100), x => 2 * x), Read(output));
    }

    [TestMethod]
    public void A_host_tensor_bound_once_is_read_anew_by_every_run()
    {
        using var session = new Session(TestModels.Doubled);
        using var x = new HostTensor(ElementType.Float32, 2);
        using var y = new HostTensor(ElementType.Float32, 2);
        using var binding = new Binding(session);
        binding.BindInput("x", x);
        binding.BindOutput("y", y);
        for (var i = 1; i <= 3; i++)
        {
            x.As<float>().Fill(i);
            session.Run(binding);
            CollectionAssert.AreEqual(new float[] { 2 * i, 2 * i }, y.As<float>().ToArray());
        }
    }

    [TestMethod]
    public void An_output_that_ONNX_Runtime_allocates_may_have_another_shape_in_every_run()
    {
        using var session = new Session(TestModels.Doubled);
        using var binding = new Binding(session);
        binding.BindOutputToHost("y");
        foreach (var count in new[] { 2, 5, 3 })
        {
            using var x = HostTensor.Of<float>(TestModels.Random(4, count), count);
            binding.BindInput("x", x);
            session.Run(binding);
            using var y = binding.ReadHostOutputs()["y"];
            CollectionAssert.AreEqual(Array.ConvertAll(TestModels.Random(4, count), x => 2 * x), y.As<float>().ToArray());
        }
    }

    [TestMethod]
    public void An_initializer_that_is_an_input_keeps_its_value_until_another_is_bound()
    {
        var model = TestModels.Bytes(g =>
        {
            var x = g.AddInput("x", ElementType.Float32, Shape.Of(2));
            g.AddInput("w", ElementType.Float32, Shape.Of(2));
            var w = g.AddInitializer("w", Tensor.Floats([2], [3, 4]));
            return [(x * w, "y")];
        });
        using var session = new Session(model);
        Assert.AreEqual("x", session.Inputs.Keys.Single());
        Assert.AreEqual("w", session.Defaults.Keys.Single());

        using var x = HostTensor.Of<float>([1, 2], 2);
        using var w = HostTensor.Of<float>([10, 20], 2);
        using var y = new HostTensor(ElementType.Float32, 2);
        using var binding = new Binding(session);
        binding.BindInput("x", x);
        binding.BindOutput("y", y);
        session.Run(binding);
        CollectionAssert.AreEqual(new float[] { 3, 8 }, y.As<float>().ToArray());
        binding.BindInput("w", w);
        session.Run(binding);
        CollectionAssert.AreEqual(new float[] { 10, 40 }, y.As<float>().ToArray());
    }

    [TestMethod]
    public void What_is_bound_stays_allocated_until_it_is_bound_no_more()
    {
        using var session = new Session(TestModels.Doubled);
        using var binding = new Binding(session);
        using var y = new HostTensor(ElementType.Float32, 1000);
        using (var x = HostTensor.Of<float>(TestModels.Random(5, 1000), 1000))
            binding.BindInput("x", x);
        var others = Enumerable.Range(0, 64).Select(_ => HostTensor.Of<float>(TestModels.Random(6, 1000), 1000)).ToList();
        binding.BindOutput("y", y);
        session.Run(binding);
        CollectionAssert.AreEqual(Array.ConvertAll(TestModels.Random(5, 1000), x => 2 * x), y.As<float>().ToArray());
        others.ForEach(o => o.Dispose());
    }

    [TestMethod]
    public void A_run_allocates_nothing_on_the_managed_heap()
    {
        using var session = new Session(TestModels.Doubled);
        using var x = new HostTensor(ElementType.Float32, 4);
        using var y = new HostTensor(ElementType.Float32, 4);
        using var binding = new Binding(session);
        binding.BindInput("x", x);
        binding.BindOutput("y", y);
        session.Run(binding);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            session.Run(binding);
        Assert.IsLessThan(1000, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    public void A_name_that_the_model_lacks_is_refused_with_those_it_has()
    {
        using var session = new Session(TestModels.Doubled);
        using var tensor = new HostTensor(ElementType.Float32, 4);
        using var binding = new Binding(session);
        var input = Assert.ThrowsExactly<ArgumentException>(() => binding.BindInput("z", tensor));
        Assert.StartsWith("The model has no input 'z'; it has 'x'.", input.Message);
        var output = Assert.ThrowsExactly<ArgumentException>(() => binding.BindOutput("x", tensor));
        Assert.StartsWith("The model has no output 'x'; it has 'y'.", output.Message);
        Assert.ThrowsExactly<ArgumentException>(() => binding.BindOutputToHost("x"));
    }

    [TestMethod]
    public void A_buffer_of_another_type_is_refused()
    {
        using var session = new Session(TestModels.Doubled);
        using var tensor = new HostTensor(ElementType.Float64, 4);
        using var binding = new Binding(session);
        var error = Assert.ThrowsExactly<ArgumentException>(() => binding.BindInput("x", tensor));
        Assert.StartsWith("'x' is Float32, but the bound buffer is Float64.", error.Message);
        Assert.ThrowsExactly<ArgumentException>(() => binding.BindOutput("y", tensor));
    }

    private static byte[] MomentumWithAverage() => TestModels.Bytes(g =>
    {
        Value Input(string name, params string[] axes) => g.AddInput(name, ElementType.Float32, TestModels.Axes(axes));
        var (lr, mu, d) = (Input("lr"), Input("mu"), Input("d"));
        var v = (mu * Input("v", "n")) + Input("g", "n");
        var w = Input("w", "n") - (lr * v);
        var e = (d * Input("e", "n")) + ((1.0 - d) * w);
        return [(v, "v'"), (w, "w'"), (e, "e'")];
    });

    private static Arena Filled(float[] elements)
    {
        var arena = new Arena(Device.Cpu, elements.Length);
        arena.CopyFrom(elements);
        return arena;
    }

    private static float[] Read(Arena arena)
    {
        var elements = new float[arena.Length];
        arena.CopyTo(elements);
        return elements;
    }
}
