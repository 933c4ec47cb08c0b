using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Graphs.Optimizers;

[TestClass]
public sealed class OptimizerTests
{
    private const int Steps = 50, Length = 9;
    private const double Rate = 0.03, Decay = 0.02;

    /// <summary>Each optimizer with its definition, written out in double precision: (w, g, η, λ, t, state) changes w and the state.</summary>
    private static readonly Dictionary<string, (Optimizer Optimizer, Definition Definition)> All = new()
    {
        ["sgd"] = (new Sgd(), Plain),
        ["momentum"] = (new Sgd { Momentum = 0.8 }, Momentum),
        ["nesterov"] = (new Sgd { Momentum = 0.8, Nesterov = true }, Nesterov),
        ["adam"] = (new Adam { Beta1 = 0.85, Beta2 = 0.99, Epsilon = 1e-3 }, AdamL2),
        ["adamw"] = (new AdamW { Beta1 = 0.85, Beta2 = 0.99, Epsilon = 1e-3 }, AdamDecoupled),
    };

    private delegate void Definition(ref double w, double g, double rate, double decay, int t, double[] state);

    public static IEnumerable<object[]> Names => All.Keys.Select(name => new object[] { name });

    [TestMethod, DynamicData(nameof(Names))]
    public void Fifty_steps_follow_the_definition(string name)
    {
        var (optimizer, definition) = All[name];
        double[] decays = [0.5, 0.9, 0.9999];
        var start = TestModels.Random(1, Length);
        using var run = new UpdateRun(optimizer, decays.Length, start, inPlace: true);
        var w = Array.ConvertAll(start, x => (double)x);
        var averages = decays.Select(_ => (double[])w.Clone()).ToArray();
        var state = w.Select(_ => new double[2]).ToArray();
        for (var t = 1; t <= Steps; t++)
        {
            // The rate changes as a schedule's would, and gradients come in another scale, as accumulated ones do.
            var (g, rate, scale) = (TestModels.Random(100 + t, Length), Rate * (1 + t % 3), 0.25);
            run.Step(g, rate, Decay, scale, decays);
            for (var i = 0; i < Length; i++)
            {
                definition(ref w[i], g[i] * scale, rate, Decay, t, state[i]);
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
        using var over = new UpdateRun(All[name].Optimizer, 2, start, inPlace: true);
        using var beside = new UpdateRun(All[name].Optimizer, 2, start, inPlace: false);
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

        static void Refused(Optimizer optimizer, string name)
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => UpdateGraph.Build(optimizer, 0), $"{optimizer}");
            Assert.AreEqual(name, error.ParamName);
        }
    }

    private static void Plain(ref double w, double g, double rate, double decay, int t, double[] s) => w -= rate * (g + decay * w);

    private static void Momentum(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        s[0] = 0.8 * s[0] + (g + decay * w);
        w -= rate * s[0];
    }

    private static void Nesterov(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        var decayed = g + decay * w;
        s[0] = 0.8 * s[0] + decayed;
        w -= rate * (decayed + 0.8 * s[0]);
    }

    private static void AdamL2(ref double w, double g, double rate, double decay, int t, double[] s) => AdamStep(ref w, g + decay * w, rate, t, s);

    private static void AdamDecoupled(ref double w, double g, double rate, double decay, int t, double[] s)
    {
        w -= rate * decay * w;
        AdamStep(ref w, g, rate, t, s);
    }

    // Kingma and Ba's algorithm 1, in its own words.
    private static void AdamStep(ref double w, double g, double rate, int t, double[] s)
    {
        s[0] = 0.85 * s[0] + 0.15 * g;
        s[1] = 0.99 * s[1] + 0.01 * g * g;
        var first = s[0] / (1 - Math.Pow(0.85, t));
        var second = s[1] / (1 - Math.Pow(0.99, t));
        w -= rate * first / (Math.Sqrt(second) + 1e-3);
    }

    private static double RelativeError(float[] ours, double[] expected) => Math.Sqrt(
        ours.Zip(expected, (a, b) => (a - b) * (a - b)).Sum() / expected.Sum(x => x * x));
}
