using System.Globalization;

namespace Sema.Onnx.Averaging;

[TestClass]
public sealed class ExponentialMovingAverageTests
{
    [TestMethod]
    public void Average_starts_at_the_initial_weight_and_leaves_the_trained_one_alone()
    {
        var run = new ScalarRun(new ExponentialMovingAverage(0.75), w: 4);
        run.Step(8);
        run.Step(13);

        Assert.AreEqual(7, run.E[0]);  // 0.75·4 + 0.25·8 = 5; 0.75·5 + 0.25·13 = 7
        Assert.AreEqual(13, run.W);
    }

    [TestMethod]
    public void Several_decays_run_side_by_side()
    {
        var run = new ScalarRun(new ExponentialMovingAverage([0.75, 0.5]), w: 4);
        run.Step(8);

        CollectionAssert.AreEqual((double[])[5, 6], run.E);
    }

    // 0.5³ = 0.125 at steps 3 and 6, 1 elsewhere
    [TestMethod]
    public void Update_at_every_third_step_uses_the_decay_of_three_steps()
    {
        var ema = new ExponentialMovingAverage(0.5, updateEvery: 3);

        CollectionAssert.AreEqual((double[])[1, 1, 0.125, 1, 1, 0.125], Decays(ema, steps: 6));
    }

    // A step of 48 samples counts as three of 16: 0.5³; of 8 as half a one: 0.25^½.
    [TestMethod]
    public void Decays_of_another_batch_size_are_raised_to_the_ratio()
    {
        Assert.AreEqual(0.125, new ExponentialMovingAverage(0.5).ForBatch(48, reference: 16).Decay(0, ScalarRun.At(1)), 1e-15);
        var both = new ExponentialMovingAverage([0.25, 0.81]).ForBatch(8, reference: 16);
        CollectionAssert.AreEqual((double[])[0.5, 0.9], (double[])[both.Decay(0, ScalarRun.At(1)), both.ScaledDecay(1)]);
        CollectionAssert.AreEqual((string[])["ema-0.25", "ema-0.81"], both.Averages.ToArray());
        Assert.AreEqual(0.25, new ExponentialMovingAverage(0.25, updateEvery: 2).ForBatch(8, reference: 16).Decay(0, ScalarRun.At(2)), 1e-15);
        Assert.AreEqual(2.0 / 11, new ExponentialMovingAverage(0.9, new RationalWarmup()).ForBatch(8, reference: 16).Decay(0, ScalarRun.At(1)), 1e-15, "the warm-up counts the run's steps");
    }

    [TestMethod]
    public void Another_batch_size_is_another_average_and_the_same_size_the_same()
    {
        var ema = new ExponentialMovingAverage(0.9);
        Assert.AreEqual(ema, ema.ForBatch(32, 32));
        Assert.AreEqual(0.9, ema.ForBatch(32, 32).Decay(0, ScalarRun.At(1)));
        Assert.AreNotEqual(ema, ema.ForBatch(64, 32));
        Assert.AreNotEqual(ema.ToString(), ema.ForBatch(64, 32).ToString());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ema.ForBatch(0, 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => ema.ForBatch(1, 0));
    }

    // At step 2 the linear warm-up (r = 0.5, T = 4) is at 0.8 · 0.625 = 0.5; of two steps 0.25
    [TestMethod]
    public void Warmup_counts_optimizer_steps_however_seldom_the_average_is_updated()
    {
        var ema = new ExponentialMovingAverage(0.8, new LinearWarmup(0.5, steps: 4), updateEvery: 2);

        Assert.AreEqual(0.36, ema.Decay(0, ScalarRun.At(2)), 1e-15);   // (0.8 (1 − (1 − 2/4) 0.5))²
    }

    [TestMethod]
    public void One_average_is_named_ema_and_several_by_their_decays_in_any_culture()
    {
        var before = CultureInfo.CurrentCulture;
        var comma = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        comma.NumberFormat.NumberDecimalSeparator = ",";
        try
        {
            CultureInfo.CurrentCulture = comma;
            CollectionAssert.AreEqual((string[])["ema"], new ExponentialMovingAverage(0.999).Averages.ToArray());
            CollectionAssert.AreEqual(
                (string[])["ema-0.999", "ema-0.9999"],
                new ExponentialMovingAverage([0.999, 0.9999]).Averages.ToArray());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [TestMethod]
    public void Text_for_logs_names_the_decays_the_interval_and_the_warmup() => Assert.AreEqual(
        "EMA, decay 0.999, 0.9999, every 2 step(s), LinearWarmup { Ratio = 0.9, Steps = 100 }",
        new ExponentialMovingAverage([0.999, 0.9999], new LinearWarmup(0.9, 100), updateEvery: 2).ToString());

    [TestMethod]
    public void Equal_options_make_equal_strategies()
    {
        var ema = new ExponentialMovingAverage([0.9, 0.99], new PowerWarmup(), updateEvery: 2);

        Assert.AreEqual(new ExponentialMovingAverage([0.9, 0.99], new PowerWarmup(), updateEvery: 2), ema);
        Assert.AreNotEqual(new ExponentialMovingAverage([0.99, 0.9], new PowerWarmup(), updateEvery: 2), ema);
        Assert.AreNotEqual(new ExponentialMovingAverage([0.9, 0.99], new PowerWarmup(2), updateEvery: 2), ema);
        Assert.AreNotEqual(new ExponentialMovingAverage([0.9, 0.99], new PowerWarmup(), updateEvery: 3), ema);
    }

    [TestMethod]
    [DataRow(-0.1)]
    [DataRow(1.0)]
    [DataRow(double.NaN)]
    public void A_decay_outside_0_to_1_is_refused(double decay) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ExponentialMovingAverage(decay));

    [TestMethod]
    public void No_decay_or_the_same_one_twice_is_refused()
    {
        Assert.ThrowsExactly<ArgumentException>(() => new ExponentialMovingAverage([]));
        Assert.ThrowsExactly<ArgumentException>(() => new ExponentialMovingAverage([0.9, 0.9]));
    }

    [TestMethod]
    public void An_interval_of_no_step_is_refused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ExponentialMovingAverage(0.9, updateEvery: 0));

    [TestMethod]
    public void The_decay_of_an_average_that_is_not_kept_is_refused()
    {
        var first = ScalarRun.At(1);

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ExponentialMovingAverage(0.9).Decay(1, first));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new NoAveraging().Decay(0, first));
    }

    private static double[] Decays(AveragingStrategy strategy, int steps) =>
        [.. Enumerable.Range(1, steps).Select(t => strategy.Decay(0, ScalarRun.At(t)))];
}
