namespace Sema.Onnx.Averaging;

[TestClass]
public sealed class EmaWarmupTests
{
    private const double Tolerance = 1e-15;

    [TestMethod]
    public void Without_warmup_the_decay_is_constant() =>
        AssertDecays(new ConstantDecay(), 0.8, (1, 0.8), (2, 0.8), (1000, 0.8));

    // 0.8 · 0.5 while t < 3
    [TestMethod]
    public void Constant_warmup_lasts_until_step_T() =>
        AssertDecays(new ConstantWarmup(0.5, steps: 3), 0.8, (1, 0.4), (2, 0.4), (3, 0.8), (4, 0.8));

    // 0.8 (1 − (1 − t/4) 0.5) at t = 1 … 4: 0.8 times 0.625, 0.75, 0.875, 1
    [TestMethod]
    public void Linear_warmup_goes_from_r_d_to_d() =>
        AssertDecays(new LinearWarmup(0.5, steps: 4), 0.8, (1, 0.5), (2, 0.6), (3, 0.7), (4, 0.8), (5, 0.8));

    // 0.8 · 0.25^(1 − t/2) at t = 1, 2: 0.8 times 0.5, 1
    [TestMethod]
    public void Exponential_warmup_goes_from_r_d_to_d() =>
        AssertDecays(new ExponentialWarmup(0.25, steps: 2), 0.8, (1, 0.4), (2, 0.8), (3, 0.8));

    // (1 + t)/(10 + t): 2/11, 9/18, 81/90, then d
    [TestMethod]
    public void Rational_warmup_counts_the_step_itself_and_is_capped() =>
        AssertDecays(new RationalWarmup(), 0.9375, (1, 2.0 / 11), (8, 0.5), (80, 0.9), (1000, 0.9375));

    // 1 − (1 + t/2)^−½ at t = 6, 16, 30: 1 − 1/√4, 1 − 1/√9, 1 − 1/√16; capped at 0.7
    [TestMethod]
    public void Power_warmup_counts_the_step_itself_and_is_capped() =>
        AssertDecays(new PowerWarmup(gamma: 2, power: 0.5), 0.7, (6, 0.5), (16, 2.0 / 3), (30, 0.7));

    // 0.5 (1 − 0.5^(t−1))/(1 − 0.5^t): 0, 0.5·0.5/0.75 = 1/3, 0.5·0.75/0.875 = 3/7
    [TestMethod]
    public void Bias_correction_starts_at_0_and_grows_to_d() =>
        AssertDecays(new BiasCorrection(), 0.5, (1, 0), (2, 1.0 / 3), (3, 3.0 / 7), (100, 0.5));

    [TestMethod]
    public void Power_warmup_with_gamma_and_power_1_is_the_plain_mean()
    {
        var run = new ScalarRun(new ExponentialMovingAverage(0.999, new PowerWarmup(gamma: 1, power: 1)), w: 100);
        foreach (var w in (double[])[1, 2, 6])
            run.Step(w);

        Assert.AreEqual(27.25, run.E[0], Tolerance); // (100 + 1 + 2 + 6)/4: the first weights count as one
    }

    [TestMethod]
    public void Bias_corrected_average_is_the_normalised_sum_of_the_weights_after_each_step()
    {
        var run = new ScalarRun(new ExponentialMovingAverage(0.5, new BiasCorrection()), w: 100);
        run.Step(1);
        Assert.AreEqual(1, run.E[0]);
        run.Step(2);
        run.Step(4);

        Assert.AreEqual(3, run.E[0], Tolerance); // (0.25·1 + 0.5·2 + 1·4)/(0.25 + 0.5 + 1) = 5.25/1.75
    }

    // Updated at t = 2, 4, 6 only, D = 0.5² = 0.25: (0.0625·1 + 0.25·2 + 1·6)/(0.0625 + 0.25 + 1) = 6.5625/1.3125
    [TestMethod]
    public void Bias_correction_at_every_second_step_is_exact_over_those_weights()
    {
        var run = new ScalarRun(new ExponentialMovingAverage(0.5, new BiasCorrection(), updateEvery: 2), w: 100);
        foreach (var w in (double[])[9, 1, 9, 2, 9, 6])
            run.Step(w);

        Assert.AreEqual(5, run.E[0], Tolerance);
    }

    [TestMethod]
    public void Every_warmup_rises_to_d_and_never_above()
    {
        const double d = 0.99;
        foreach (var warmup in Warmups)
        {
            var decays = Enumerable.Range(1, 2000).Select(t => warmup.Decay(d, t)).ToArray();

            Assert.IsTrue(decays.All(decay => decay is >= 0 and <= d), warmup.ToString());
            Assert.IsTrue(decays.Zip(decays.Skip(1)).All(pair => pair.First <= pair.Second), warmup.ToString());
            Assert.AreEqual(d, decays[^1], 1e-9, warmup.ToString());
        }
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.5)]
    [DataRow(double.NaN)]
    public void A_ratio_outside_0_to_1_is_refused(double ratio) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LinearWarmup(ratio, steps: 10));

    [TestMethod]
    public void A_warmup_of_no_step_is_refused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ExponentialWarmup(0.9, steps: 0));

    [TestMethod]
    [DataRow(0.0, 1.0)]
    [DataRow(1.0, 0.0)]
    [DataRow(double.NaN, 1.0)]
    [DataRow(1.0, double.PositiveInfinity)]
    public void A_gamma_or_power_that_is_not_positive_and_finite_is_refused(double gamma, double power) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new PowerWarmup(gamma, power));

    private static IEnumerable<EmaWarmup> Warmups =>
    [
        new ConstantDecay(),
        new ConstantWarmup(0.9, steps: 100),
        new LinearWarmup(0.9, steps: 100),
        new ExponentialWarmup(0.9, steps: 100),
        new RationalWarmup(),
        new PowerWarmup(),
        new BiasCorrection(),
    ];

    private static void AssertDecays(EmaWarmup warmup, double d, params (long T, double Decay)[] expected)
    {
        foreach (var (t, decay) in expected)
            Assert.AreEqual(decay, warmup.Decay(d, t), Tolerance, $"step {t}");
    }
}
