using Sema.Onnx.Artifacts;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Averaging;

/// <summary>Every strategy, carried out by the engine in float32, against its definition.</summary>
[TestClass]
public sealed class StrategyTests
{
    private const int Count = 9;

    public static IEnumerable<object[]> Names => StrategyReferences.All.Keys.Select(name => new object[] { name });

    [TestMethod, DynamicData(nameof(Names))]
    public void Fifty_steps_follow_the_definition(string name)
    {
        var (strategy, definition) = StrategyReferences.All[name];
        var (weights, averages) = Engine(strategy);
        for (var i = 0; i < Count; i++)
        {
            var descent = new Descent(Start[i], [.. Enumerable.Range(0, StrategyReferences.Steps).Select(t => (double)Pull(t)[i])]);
            var expected = definition(descent);
            Assert.AreEqual(descent.W, weights[i], 1e-5, $"weight {i}");
            Assert.HasCount(strategy.Averages.Count, expected);
            for (var k = 0; k < expected.Length; k++)
                Assert.AreEqual(expected[k], averages[k][i], 1e-5, $"{strategy.Averages[k]} of weight {i}");
        }
    }

    [TestMethod]
    public void Every_strategy_has_a_reference()
    {
        // What a schedule-free optimizer averages is part of its own definition, and checked with it.
        var known = StrategyReferences.All.Values.Select(v => v.Strategy.GetType()).Append(typeof(OptimizerAverage)).ToHashSet();
        foreach (var type in typeof(AveragingStrategy).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(AveragingStrategy)) && !t.IsAbstract))
            Assert.Contains(type, known, $"'{type.Name}' is checked against no definition.");
    }

    [TestMethod]
    public void Strategies_that_leave_the_weights_alone_have_together_the_bits_that_each_has_alone()
    {
        AveragingStrategy[] still = [.. StrategyReferences.All.Values.Select(v => v.Strategy).Where(s => !s.MovesWeights).GroupBy(s => s.GetType()).Select(g => g.First())];
        var (weights, together) = Engine(new CombinedAveraging(still));
        var averages = new Queue<float[]>(together);
        foreach (var strategy in still)
        {
            var (alone, own) = Engine(strategy);
            CollectionAssert.AreEqual(weights, alone, $"{strategy}");
            foreach (var average in own)
                CollectionAssert.AreEqual(average, averages.Dequeue(), $"{strategy}");
        }
    }

    [TestMethod]
    public void Two_strategies_that_move_the_weights_do_not_go_together()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => new CombinedAveraging(new Lookahead(), new PeriodicSwa(2)));
        StringAssert.Contains(error.Message, "move the weights");
        error = Assert.ThrowsExactly<ArgumentException>(() => new CombinedAveraging(new ExponentialMovingAverage(0.9), new ExponentialMovingAverage(0.99)));
        StringAssert.Contains(error.Message, "'ema'");
    }

    [TestMethod]
    public void Numbers_out_of_range_are_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new StochasticWeightAveraging(0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new StochasticWeightAveraging(every: 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PeriodicSwa(0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PeriodicSwa(1, stages: 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LatestWeightAveraging(0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Lookahead(0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Lookahead(5, 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Lookahead(5, double.NaN));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PolyakAveraging(0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PostHocEma([0.3]));
        Assert.ThrowsExactly<ArgumentException>(() => new PostHocEma([0.1, 0.1]));
    }

    // The authors' own figures: γ = 16.97 for σ = 0.05, 6.94 for 0.1.
    [TestMethod]
    [DataRow(0.05, 16.97)]
    [DataRow(0.1, 6.94)]
    [DataRow(0.288675, 0)]
    public void A_width_has_its_power(double width, double power) => Assert.AreEqual(power, PostHocEma.Power(width), 5e-3);

    private static float[] Start => TestModels.Random(1, Count);

    private static float[] Pull(int step) => TestModels.Random(100 + step, Count);

    // The training loop's own order: update, shadows, switch; the gradient is written where training.onnx would write it.
    private static (float[] Weights, List<float[]> Averages) Engine(AveragingStrategy strategy)
    {
        using var folder = new TemporaryFolder();
        var optimizer = new Sgd { Momentum = Descent.Momentum };
        var path = Path.Combine(folder.Path, "artifacts");
        ArtifactBuilder.Build(Model().Save(folder), path, new()
        {
            Loss = new MeanSquaredErrorLoss(),
            Optimizer = optimizer,
            Averages = strategy.ShadowWeights.Count(s => s.EveryStep),
        }, [1, Count]);
        using var engine = Training.Engine.Open(path, optimizer, new SessionSettings { Threads = 1 }, strategy.ShadowWeights);
        var length = new TrainingLength(StrategyReferences.Steps, StrategyReferences.PerEpoch);
        var start = 0L;
        for (var step = 1; step <= length.Steps; step++)
        {
            var w = Read(engine.Weights);
            engine.Gradients.CopyFrom<float>([.. w.Zip(Pull(step - 1), (x, drawn) => (float)Descent.Gradient(x, drawn))]);
            var at = length.After(step);
            engine.Update(new(step - start, Descent.Rate, 1, [.. strategy.ShadowWeights.Select((_, k) => strategy.Decay(k, at))], []));
            if (strategy.SwitchAfter(at) is not { } decision)
                continue;
            engine.Switch(decision);
            start = decision.ClearOptimizer ? step : start;
        }

        return (Read(engine.Weights), [.. strategy.Averages.Select((_, k) => Mixtures.Add(strategy.Mixture(k, length.After(length.Steps)), s => Read(engine.Shadows[s])))]);
    }

    private static Model Model()
    {
        var graph = new Graph("scale");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", Count));
        return TinyModels.Finish(graph, x * graph.AddInitializer("w", Tensor.Floats([Count], Start)), TinyModels.Batched("batch", Count));
    }

    private static float[] Read(Arena arena)
    {
        var values = new float[Count];
        arena.CopyTo<float>(values);
        return values;
    }
}
