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

    // 0.2 + 0.8 (1 − t/4)³
    [TestMethod]
    public void Polynomial_goes_from_peak_to_floor_in_T_steps_and_stays_there() =>
        AssertRates(new PolynomialSchedule(1, steps: 4, power: 3, floor: 0.2), (0, 1), (1, 0.5375), (2, 0.3), (3, 0.2125), (4, 0.2), (5, 0.2));

    // 0.8 · 0.25^(t/2): halved at each step
    [TestMethod]
    public void Exponential_falls_by_its_factor_over_N_steps() =>
        AssertRates(new ExponentialSchedule(0.8, 0.25, every: 2), (0, 0.8), (1, 0.4), (2, 0.2), (4, 0.05));

    // 1 − t/8 until t = 2; then from 0.9 in thirds of 0.6 to 0.3
    [TestMethod]
    public void Swas_cycles_end_at_the_low_rate() => AssertRates(
        new SwaCyclicalSchedule(new LinearSchedule(1, steps: 8), start: 2, cycle: 3, high: 0.9, low: 0.3),
        (0, 1), (1, 0.875), (2, 0.7), (3, 0.5), (4, 0.3), (5, 0.7), (7, 0.3), (8, 0.7));

    // The inner rate at the start, 1 − 4/8, is where the way to 0.1 begins.
    [TestMethod]
    public void Swas_constant_begins_at_the_inner_rate() => AssertRates(
        new SwaConstantSchedule(new LinearSchedule(1, steps: 8), 4, 0.1, 4, Annealing.Linear), (3, 0.625), (4, 0.5), (5, 0.4), (6, 0.3), (8, 0.1), (9, 0.1));

    [TestMethod]
    public void A_cycle_may_be_shorter_than_its_rise()
    {
        // share · T − 1 ≤ 0: the first step is past the top
        AssertRates(new OneCycleSchedule(1, 1, 0.3, 10, 10), (0, 0.01), (1, 0.01));
        AssertRates(new OneCycleSchedule(1, 2, 0.5, 10, 10, Annealing.Linear), (0, 1), (1, 0.01));
    }

    [TestMethod]
    public void Schedules_with_other_numbers_are_others()
    {
        Assert.AreEqual(new MultiStepSchedule(1, [3, 4]), new MultiStepSchedule(1, [3, 4]));
        Assert.AreNotEqual(new MultiStepSchedule(1, [3, 5]), new MultiStepSchedule(1, [3, 4]));
    }

    [TestMethod]
    public void Numbers_out_of_range_are_refused()
    {
        Assert.ThrowsExactly<ArgumentException>(() => new MultiStepSchedule(1, []));
        Assert.ThrowsExactly<ArgumentException>(() => new MultiStepSchedule(1, [0, 3]));
        Assert.ThrowsExactly<ArgumentException>(() => new MultiStepSchedule(1, [3, 3]));
        foreach (var make in (Func<LearningRateSchedule>[])
        [
            () => new MultiStepSchedule(1, [3], 1.5), () => new ExponentialSchedule(1, 0), () => new ExponentialSchedule(1, 0.5, 0), () => new PolynomialSchedule(1, 0),
            () => new PolynomialSchedule(1, 5, 0), () => new PolynomialSchedule(1, 5, 1, 2), () => new CosineRestartsSchedule(1, 0), () => new CosineRestartsSchedule(1, 5, 0),
            () => new CosineRestartsSchedule(1, 5, 1, 2), () => new OneCycleSchedule(1, 0), () => new OneCycleSchedule(1, 5, 1), () => new OneCycleSchedule(1, 5, double.NaN),
            () => new OneCycleSchedule(1, 5, 0.3, 0.5), () => new OneCycleSchedule(1, 5, 0.3, 25, double.PositiveInfinity), () => new CyclicalSchedule(2, 1, 5),
            () => new CyclicalSchedule(0, 1, 0), () => new CyclicalSchedule(0, 1, 5, 0), () => new CyclicalSchedule(0, 1, 5, gamma: 2),
            () => new SwaConstantSchedule(new ConstantSchedule(1), -1, 1), () => new SwaConstantSchedule(new ConstantSchedule(1), 0, -1),
            () => new SwaConstantSchedule(new ConstantSchedule(1), 0, 1, -1), () => new SwaCyclicalSchedule(new ConstantSchedule(1), 0, 0, 1, 0),
            () => new SwaCyclicalSchedule(new ConstantSchedule(1), 0, 5, 1, 2), () => new SwaCyclicalSchedule(new ConstantSchedule(1), -1, 5, 1, 0),
        ])
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => make());
    }

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
        new MultiStepSchedule(0.1, [3, 8]),
        new ExponentialSchedule(0.1, 0.9),
        new PolynomialSchedule(0.1, steps: 10),
        new CosineRestartsSchedule(0.1, first: 3),
        new CosineRestartsSchedule(0.1, first: 3, multiplier: 7),
        new OneCycleSchedule(0.1, steps: 10),
        new CyclicalSchedule(0.01, 0.1, up: 3),
        new CyclicalSchedule(0.01, 0.1, up: 3, down: 4, CycleHeight.Triangular2),
        new CyclicalSchedule(0.01, 0.1, up: 3, down: 4, CycleHeight.ExponentialRange, 0.999),
        new SwaConstantSchedule(new CosineSchedule(0.1, steps: 10), start: 4, rate: 0.05, annealSteps: 3),
        new SwaCyclicalSchedule(new CosineSchedule(0.1, steps: 10), start: 4, cycle: 3, high: 0.05, low: 0.01),
    ];

    internal static void AssertRates(LearningRateSchedule schedule, params (long Step, double Rate)[] expected)
    {
        foreach (var (step, rate) in expected)
            Assert.AreEqual(rate, schedule.Rate(step), Tolerance, $"step {step}");
    }
}
