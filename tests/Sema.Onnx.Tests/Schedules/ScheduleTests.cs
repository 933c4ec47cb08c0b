namespace Sema.Onnx.Schedules;

[TestClass]
public sealed class ScheduleTests
{
    private const double Tolerance = 1e-15;

    [TestMethod]
    public void Constant_stays() =>
        AssertRates(new ConstantSchedule(0.25), (0, 0.25), (1, 0.25), (1_000_000, 0.25));

    // 0.8 · 0.5^⌊t/3⌋
    [TestMethod]
    public void Step_falls_by_its_factor_after_every_third_step() =>
        AssertRates(new StepSchedule(0.8, every: 3, factor: 0.5), (0, 0.8), (2, 0.8), (3, 0.4), (5, 0.4), (6, 0.2));

    // 0.2 + (1 − 0.2)(1 + cos(π t/6))/2: cos is 1, ½, 0, −½, −1 at t = 0, 2, 3, 4, 6
    [TestMethod]
    public void Cosine_goes_from_peak_to_floor_in_T_steps_and_stays_there() =>
        AssertRates(
            new CosineSchedule(1, steps: 6, floor: 0.2),
            (0, 1), (2, 0.8), (3, 0.6), (4, 0.4), (6, 0.2), (7, 0.2), (12, 0.2));

    // 1 − 0.8 t/4
    [TestMethod]
    public void Linear_goes_from_peak_to_floor_in_T_steps_and_stays_there() =>
        AssertRates(
            new LinearSchedule(1, steps: 4, floor: 0.2), (0, 1), (1, 0.8), (2, 0.6), (3, 0.4), (4, 0.2), (5, 0.2));

    [TestMethod]
    public void A_step_before_the_first_is_refused()
    {
        foreach (var schedule in Schedules)
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => schedule.Rate(-1), schedule.ToString());
    }

    [TestMethod]
    public void Any_step_has_a_rate_from_0_to_the_peak()
    {
        foreach (var schedule in Schedules)
        {
            foreach (var step in (long[])[0, 5, 1_000_000, long.MaxValue])
                Assert.IsInRange(0, 0.1, schedule.Rate(step), $"{schedule} at {step}");
        }
    }

    [TestMethod]
    [DataRow(-0.1)]
    [DataRow(double.NaN)]
    [DataRow(double.PositiveInfinity)]
    public void A_rate_that_is_negative_or_not_finite_is_refused(double rate)
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ConstantSchedule(rate));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new StepSchedule(rate, every: 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new CosineSchedule(rate, steps: 1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LinearSchedule(rate, steps: 1));
    }

    [TestMethod]
    [DataRow(-0.1)]
    [DataRow(1.5)]
    [DataRow(double.NaN)]
    public void A_floor_outside_0_to_the_peak_is_refused(double floor)
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new CosineSchedule(1, steps: 4, floor));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LinearSchedule(1, steps: 4, floor));
    }

    [TestMethod]
    public void A_length_of_no_step_is_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new StepSchedule(1, every: 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new CosineSchedule(1, steps: 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new LinearSchedule(1, steps: 0));
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.5)]
    [DataRow(double.NaN)]
    public void A_factor_outside_0_to_1_is_refused(double factor) =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new StepSchedule(1, every: 1, factor));

    private static IEnumerable<LearningRateSchedule> Schedules =>
    [
        new ConstantSchedule(0.1),
        new StepSchedule(0.1, every: 10),
        new CosineSchedule(0.1, steps: 10),
        new LinearSchedule(0.1, steps: 10),
        new CosineSchedule(0.1, steps: 10).WithWarmup(3),
    ];

    internal static void AssertRates(LearningRateSchedule schedule, params (long Step, double Rate)[] expected)
    {
        foreach (var (step, rate) in expected)
            Assert.AreEqual(rate, schedule.Rate(step), Tolerance, $"step {step}");
    }
}
