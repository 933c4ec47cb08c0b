namespace Sema.Onnx.Schedules;

[TestClass]
public sealed class WarmupScheduleTests
{
    // 0.8 (t + 1)/4
    [TestMethod]
    public void Rate_rises_linearly_and_is_whole_at_the_last_step_of_the_warmup() => ScheduleTests.AssertRates(
        new ConstantSchedule(0.8).WithWarmup(4), (0, 0.2), (1, 0.4), (2, 0.6), (3, 0.8), (4, 0.8), (100, 0.8));

    // inner = 1 − t/4; the warm-up scales it by 1/2 at t = 0 and by 1 at t = 1, and the floor stays at t = 4
    [TestMethod]
    public void Inner_schedule_counts_from_the_start_of_the_run() => ScheduleTests.AssertRates(
        new LinearSchedule(1, steps: 4).WithWarmup(2), (0, 0.5), (1, 0.75), (2, 0.5), (3, 0.25), (4, 0));

    [TestMethod]
    public void Warmup_of_no_step_is_the_schedule_itself()
    {
        var schedule = new ConstantSchedule(0.8);

        Assert.AreSame(schedule, schedule.WithWarmup(0));
    }

    [TestMethod]
    public void Negative_warmup_is_refused() =>
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new ConstantSchedule(0.8).WithWarmup(-1));
}
