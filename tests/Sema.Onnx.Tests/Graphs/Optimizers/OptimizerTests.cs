using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Graphs.Optimizers;

[TestClass]
public sealed class OptimizerTests
{
    private const int Steps = 50;
    private const double Rate = 0.03, Decay = 0.02;

    private static Dictionary<string, (Optimizer Optimizer, OptimizerReferences.Definition Definition)> All => OptimizerReferences.All;

    public static IEnumerable<object[]> Names => All.Keys.Select(name => new object[] { name });

    /// <summary>Each optimizer on a vector, and those that look at parameters as a whole on a matrix and a convolution's kernel too.</summary>
    public static IEnumerable<object[]> Cases =>
        from entry in All
        from shape in entry.Value.Optimizer.IsPerParameter ? new int[][] { [9], [4, 6], [5, 3, 2, 2], [4, 3, 1, 1] } : [[9]]
        select new object[] { entry.Key, shape };

    [TestMethod]
    public void Every_optimizer_has_a_reference() => CollectionAssert.AreEquivalent(
        typeof(Optimizer).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Optimizer)) && !t.IsAbstract).ToList(),
        All.Values.Select(o => o.Optimizer.GetType()).Distinct().ToList());

    [TestMethod, DynamicData(nameof(Cases))]
    public void Fifty_steps_follow_the_definition(string name, int[] shape)
    {
        var (optimizer, definition) = All[name];
        double[] decays = [0.5, 0.9, 0.9999];
        var length = shape.Aggregate(1, (a, b) => a * b);
        var start = TestModels.Random(1, length);
        using var run = new UpdateRun(optimizer, decays.Length, start, inPlace: true, shape.Length > 1 ? [shape[0], shape[^2], shape[^1]] : [1, 1, length]);
        var w = Array.ConvertAll(start, x => (double)x);
        var averages = decays.Select(_ => (double[])w.Clone()).ToArray();
        var state = w.Select(_ => new double[6]).ToArray();
        for (var t = 1; t <= Steps; t++)
        {
            // The rate changes as a schedule's would, and gradients come in another scale, as accumulated ones do.
            var (g, rate, scale) = (TestModels.Random(100 + t, length), Rate * (1 + t % 3), 0.25);
            run.Step(g, rate, Decay, scale, decays);
            definition(w, [.. g.Select(x => x * scale)], rate, Decay, t, state, shape);
            for (var i = 0; i < length; i++)
            {
                for (var k = 0; k < decays.Length; k++)
                    averages[k][i] = decays[k] * averages[k][i] + (1 - decays[k]) * w[i];
            }
        }

        Assert.IsLessThan(1e-5, RelativeError(run[UpdateGraph.Weights], w));
        Assert.IsGreaterThan(0.05, RelativeError(start, w), "the weights hardly moved");
        for (var k = 0; k < decays.Length; k++)
            Assert.IsLessThan(1e-5, RelativeError(run[UpdateGraph.Average(k)], averages[k]), $"average {k}");
        for (var slot = 0; slot < optimizer.Slots.Count; slot++)
            Assert.IsLessThan(1e-5, RelativeError(run[optimizer.Slots[slot]], [.. state.Select(s => s[slot])]), optimizer.Slots[slot]);
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void In_place_gives_the_bits_of_out_of_place(string name)
    {
        var start = TestModels.Random(2, 1000);
        using var over = new UpdateRun(All[name].Optimizer, 2, start, inPlace: true, 10, 10, 10);
        using var beside = new UpdateRun(All[name].Optimizer, 2, start, inPlace: false, 10, 10, 10);
        for (var t = 1; t <= 5; t++)
        {
            over.Step(TestModels.Random(t, 1000), Rate, Decay, 1, 0.9, 0.99);
            beside.Step(TestModels.Random(t, 1000), Rate, Decay, 1, 0.9, 0.99);
        }

        foreach (var vector in over.Names)
            CollectionAssert.AreEqual(beside[vector], over[vector], vector);
    }

    [TestMethod, DynamicData(nameof(Names))]
    public void Averages_beside_each_other_have_the_bits_that_each_has_alone(string name)
    {
        var start = TestModels.Random(3, 100);
        double[] decays = [0.9, 0.999];
        using var both = new UpdateRun(All[name].Optimizer, 2, start, inPlace: true);
        UpdateRun[] alone = [.. decays.Select(_ => new UpdateRun(All[name].Optimizer, 1, start, inPlace: true))];
        for (var t = 1; t <= 5; t++)
        {
            both.Step(TestModels.Random(t, 100), Rate, Decay, 1, decays);
            for (var k = 0; k < decays.Length; k++)
                alone[k].Step(TestModels.Random(t, 100), Rate, Decay, 1, decays[k]);
        }

        for (var k = 0; k < decays.Length; k++)
        {
            CollectionAssert.AreEqual(alone[k][UpdateGraph.Average(0)], both[UpdateGraph.Average(k)]);
            alone[k].Dispose();
        }
    }

    [TestMethod]
    public void A_decay_of_0_copies_the_weights_and_one_of_1_keeps_the_average()
    {
        float[] start = [1, 2, 3];
        using var run = new UpdateRun(new Sgd(), 2, start, inPlace: true);
        run.Step([1, 1, 1], 0.5, 0, 1, 0, 1);
        float[] moved = [0.5f, 1.5f, 2.5f];
        CollectionAssert.AreEqual(moved, run[UpdateGraph.Weights]);
        CollectionAssert.AreEqual(moved, run[UpdateGraph.Average(0)]);
        CollectionAssert.AreEqual(start, run[UpdateGraph.Average(1)]);
    }

    [TestMethod]
    public void A_gradient_of_0_leaves_weights_without_decay_to_the_bit()
    {
        var start = TestModels.Random(4, 20);
        foreach (var (name, (optimizer, _)) in All)
        {
            using var run = new UpdateRun(optimizer, 0, start, inPlace: true);
            run.Step(new float[20], Rate);
            CollectionAssert.AreEqual(start, run[UpdateGraph.Weights], name);
        }
    }

    [TestMethod]
    public void Weights_of_0_are_moved_by_the_step_as_it_is_where_others_are_scaled()
    {
        foreach (var optimizer in new Optimizer[] { new Lars(), new Lamb() })
        {
            using var run = new UpdateRun(optimizer, 0, new float[4], inPlace: true);
            run.Step([1, 1, 1, 1], 0.5);
            foreach (var w in run[UpdateGraph.Weights])
                Assert.AreEqual(-0.5, w, 1e-5, optimizer.ToString());
        }
    }

    [TestMethod]
    public void Rates_of_0_leave_schedule_free_weights_and_their_average_alone()
    {
        var start = TestModels.Random(5, 20);
        foreach (var optimizer in new Optimizer[] { new ScheduleFreeSgd(), new ScheduleFreeAdamW() })
        {
            using var run = new UpdateRun(optimizer, 0, start, inPlace: true);
            run.Step(TestModels.Random(6, 20), 0);
            run.Step(TestModels.Random(7, 20), 0);
            CollectionAssert.AreEqual(start, run[UpdateGraph.Weights]);
            CollectionAssert.AreEqual(start, run[optimizer.AverageSlot!]);
        }
    }

    [TestMethod]
    public void Momentum_is_the_only_state_of_gradient_descent()
    {
        Assert.IsEmpty(new Sgd().Slots);
        Assert.AreEqual("momentum", string.Join(", ", new Sgd { Momentum = 0.9 }.Slots));
        Assert.AreEqual("moment1, moment2", string.Join(", ", new AdamW().Slots));
    }

    [TestMethod]
    public void Options_outside_their_range_are_refused()
    {
        Refused(new Sgd { WeightDecay = -0.1 }, "WeightDecay");
        Refused(new Sgd { WeightDecay = double.NaN }, "WeightDecay");
        Refused(new Sgd { Momentum = 1 }, "Momentum");
        Refused(new Sgd { Momentum = -0.1 }, "Momentum");
        Refused(new Sgd { Nesterov = true }, "Momentum");
        Refused(new Adam { Beta1 = 1 }, "Beta1");
        Refused(new Adam { Beta2 = -0.1 }, "Beta2");
        Refused(new AdamW { Beta2 = double.NaN }, "Beta2");
        Refused(new Adam { Epsilon = 0 }, "Epsilon");
        Refused(new AdamW { WeightDecay = double.PositiveInfinity }, "WeightDecay");
        Refused(new Adagrad { Epsilon = 0 }, "Epsilon");
        Refused(new Adagrad { RateDecay = -1 }, "RateDecay");
        Refused(new RmsProp { Alpha = 1 }, "Alpha");
        Refused(new RmsProp { Epsilon = 0 }, "Epsilon");
        Refused(new RmsProp { Momentum = 1 }, "Momentum");
        Refused(new NAdam { MomentumDecay = -1 }, "MomentumDecay");
        Refused(new Lion { Beta1 = 1 }, "Beta1");
        Refused(new Lion { Beta2 = 1 }, "Beta2");
        Refused(new Adan { Beta1 = 1 }, "Beta1");
        Refused(new Adan { Beta2 = 1 }, "Beta2");
        Refused(new Adan { Beta3 = 1 }, "Beta3");
        Refused(new Adan { Epsilon = 0 }, "Epsilon");
        Refused(new Lars { Momentum = 1 }, "Momentum");
        Refused(new Lars { Trust = 0 }, "Trust");
        Refused(new AdamP { Delta = -1 }, "Delta");
        Refused(new AdamP { DecayRatio = 2 }, "DecayRatio");
        Refused(new SgdP { Momentum = 1 }, "Momentum");
        Refused(new SgdP { Delta = -1 }, "Delta");
        Refused(new SgdP { DecayRatio = 2 }, "DecayRatio");
        Refused(new Adafactor { DecayExponent = 0 }, "DecayExponent");
        Refused(new Adafactor { ClipThreshold = 0 }, "ClipThreshold");
        Refused(new Adafactor { Epsilon1 = 0 }, "Epsilon1");
        Refused(new Adafactor { Epsilon2 = 0 }, "Epsilon2");
        Refused(new AdmetaS { Lambda = 0 }, "Lambda");
        Refused(new AdmetaS { Beta = 1 }, "Beta");
        Refused(new AdmetaS { LookaheadEvery = 0 }, "LookaheadEvery");
        Refused(new AdmetaR { Lambda = 1 }, "Lambda");
        Refused(new AdmetaR { LookaheadEvery = 0 }, "LookaheadEvery");
        Refused(new ScheduleFreeSgd { Beta = 1.1 }, "Beta");

        static void Refused(Optimizer optimizer, string name)
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => UpdateGraph.Build(optimizer, 0), $"{optimizer}");
            Assert.AreEqual(name, error.ParamName);
        }
    }

    private static double RelativeError(float[] ours, double[] expected) => Math.Sqrt(
        ours.Zip(expected, (a, b) => (a - b) * (a - b)).Sum() / expected.Sum(x => x * x));
}
