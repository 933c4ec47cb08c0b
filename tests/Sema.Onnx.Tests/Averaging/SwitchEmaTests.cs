namespace Sema.Onnx.Averaging;

[TestClass]
public sealed class SwitchEmaTests
{
    private static readonly ExponentialMovingAverage Half = new(0.5);

    // The hook released with the paper negates its interval test and so never switches with K = 1.
    [TestMethod]
    public void With_K_1_every_epoch_end_switches_where_the_published_hook_never_does() =>
        CollectionAssert.AreEqual((long[])[3, 6, 9, 12], SwitchSteps(new SwitchEma(Half), epochs: 4, stepsPerEpoch: 3));

    [TestMethod]
    public void With_K_2_every_second_epoch_end_switches() => CollectionAssert.AreEqual(
        (long[])[6, 12], SwitchSteps(new SwitchEma(Half, every: 2), epochs: 5, stepsPerEpoch: 3));

    [TestMethod]
    public void In_steps_every_K_th_step_switches_wherever_epochs_end() => CollectionAssert.AreEqual(
        (long[])[2, 4, 6, 8],
        SwitchSteps(new SwitchEma(Half, every: 2, IntervalUnit.Steps), epochs: 3, stepsPerEpoch: 3));

    [TestMethod]
    public void Start_and_end_are_inclusive_in_epochs() => CollectionAssert.AreEqual(
        (long[])[4, 6, 8], SwitchSteps(new SwitchEma(Half, start: 2, end: 4), epochs: 6, stepsPerEpoch: 2));

    [TestMethod]
    public void Start_and_end_are_inclusive_in_steps() => CollectionAssert.AreEqual(
        (long[])[4, 6, 8],
        SwitchSteps(new SwitchEma(Half, every: 2, IntervalUnit.Steps, start: 4, end: 8), epochs: 6, stepsPerEpoch: 2));

    // Multiples of 2 from 3 on are 4 and 6, not 3 and 5.
    [TestMethod]
    public void The_interval_counts_from_the_start_of_the_run_not_from_the_first_switch() => CollectionAssert.AreEqual(
        (long[])[4, 6], SwitchSteps(new SwitchEma(Half, every: 2, start: 3), epochs: 6, stepsPerEpoch: 1));

    [TestMethod]
    public void Switched_weights_are_the_average_which_goes_on()
    {
        var run = new ScalarRun(new SwitchEma(Half), w: 4);
        run.Step(8);
        Assert.AreEqual(6, run.W);          // e = 0.5·4 + 0.5·8 = 6, w = e
        run.Step(10);

        Assert.AreEqual(8, run.E[0]);       // 0.5·6 + 0.5·10
        Assert.AreEqual(8, run.W);
    }

    [TestMethod]
    public void A_share_of_the_weights_stays_if_asked()
    {
        var run = new ScalarRun(new SwitchEma(Half, keep: 0.25), w: 4);
        run.Step(8);

        Assert.AreEqual(6.5, run.W);        // 0.25·8 + 0.75·6
        Assert.AreEqual(6, run.E[0]);
    }

    [TestMethod]
    public void Of_several_averages_the_first_is_switched_in_and_all_are_kept()
    {
        var run = new ScalarRun(new SwitchEma(new([0.75, 0.5])), w: 4);
        run.Step(8);

        Assert.AreEqual(5, run.W);          // 0.75·4 + 0.25·8
        CollectionAssert.AreEqual((double[])[5, 6], run.E);
    }

    [TestMethod]
    public void Plain_ema_never_switches() =>
        Assert.IsEmpty(SwitchSteps(Half, epochs: 4, stepsPerEpoch: 2));

    [TestMethod]
    public void Decisions_do_not_depend_on_what_was_asked_before()
    {
        var forward = new SwitchEma(new(0.9, new BiasCorrection()), every: 2);
        var backward = new SwitchEma(new(0.9, new BiasCorrection()), every: 2);
        var positions = Enumerable.Range(1, 12).Select(step => ScalarRun.At(step, stepsPerEpoch: 3)).ToArray();

        var first = positions.Select(at => (forward.Decay(0, at), forward.SwitchAfter(at))).ToArray();
        var last = positions.Reverse().Select(at => (backward.Decay(0, at), backward.SwitchAfter(at))).ToArray();

        CollectionAssert.AreEqual(first, last.Reverse().ToArray());
    }

    [TestMethod]
    [DataRow(0L, 0L, null, 0.0, "every")]
    [DataRow(1L, -1L, null, 0.0, "start")]
    [DataRow(1L, 5L, 4L, 0.0, "end")]     // ends before it starts
    [DataRow(1L, 0L, 0L, 0.0, "end")]     // ends before the first epoch
    [DataRow(4L, 5L, 7L, 0.0, "end")]     // neither 5, 6 nor 7 is divisible by 4
    [DataRow(1L, 0L, null, 1.0, "keep")]
    [DataRow(1L, 0L, null, -0.1, "keep")]
    [DataRow(1L, 0L, null, double.NaN, "keep")]
    public void Options_that_never_switch_or_make_no_sense_are_refused(
        long every, long start, long? end, double keep, string parameter)
    {
        var e = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => new SwitchEma(Half, every, IntervalUnit.Epochs, start, end, keep));

        Assert.AreEqual(parameter, e.ParamName);
    }

    [TestMethod]
    public void A_start_and_end_around_one_multiple_are_accepted() => CollectionAssert.AreEqual(
        (long[])[4], SwitchSteps(new SwitchEma(Half, every: 4, start: 4, end: 4), epochs: 12, stepsPerEpoch: 1));

    [TestMethod]
    public void Text_for_logs_names_the_interval_and_the_average() => Assert.AreEqual(
        "Switch EMA every 2 epoch(s) from 3 to the end of the run, keeping 0.25 of the weights; "
        + "EMA, decay 0.5, every 1 step(s), no warm-up",
        new SwitchEma(Half, every: 2, start: 3, keep: 0.25).ToString());

    private static long[] SwitchSteps(AveragingStrategy strategy, int epochs, int stepsPerEpoch) =>
    [
        .. Enumerable.Range(1, epochs * stepsPerEpoch)
            .Select(step => ScalarRun.At(step, stepsPerEpoch))
            .Where(at => strategy.SwitchAfter(at) is not null)
            .Select(at => at.Step),
    ];
}
