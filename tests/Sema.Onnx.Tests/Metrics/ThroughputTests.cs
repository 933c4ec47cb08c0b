namespace Sema.Onnx.Metrics;

[TestClass]
public sealed class ThroughputTests
{
    private readonly ManualTime _time = new(DateTimeOffset.UnixEpoch);

    [TestMethod]
    public void Speed_is_samples_over_the_time_since_the_start()
    {
        var throughput = new Throughput(window: 10, _time);
        Batch(throughput, samples: 10, seconds: 1);
        Batch(throughput, samples: 30, seconds: 4);

        Assert.AreEqual(8, throughput.SamplesPerSecond); // 40 in 5 s
    }

    [TestMethod]
    public void Batches_before_the_window_do_not_count()
    {
        var throughput = new Throughput(window: 2, _time);
        Batch(throughput, samples: 1000, seconds: 1);
        Batch(throughput, samples: 10, seconds: 1);
        Batch(throughput, samples: 50, seconds: 3);

        Assert.AreEqual(15, throughput.SamplesPerSecond); // 60 in 4 s
    }

    [TestMethod]
    public void Time_since_the_last_batch_does_not_count()
    {
        var throughput = new Throughput(window: 2, _time);
        Batch(throughput, samples: 10, seconds: 1);
        _time.Advance(100);

        Assert.AreEqual(10, throughput.SamplesPerSecond);
    }

    [TestMethod]
    public void After_a_restart_the_pause_before_it_does_not_count()
    {
        var throughput = new Throughput(window: 10, _time);
        Batch(throughput, samples: 1000, seconds: 1);
        _time.Advance(100);
        throughput.Restart();
        Batch(throughput, samples: 10, seconds: 2);

        Assert.AreEqual(5, throughput.SamplesPerSecond);
    }

    [TestMethod]
    public void Time_left_is_the_samples_left_over_the_speed()
    {
        var throughput = new Throughput(window: 10, _time);
        Batch(throughput, samples: 10, seconds: 2);

        Assert.AreEqual(TimeSpan.FromSeconds(20), throughput.TimeLeft(100)); // 100 / 5
    }

    [TestMethod]
    public void Before_the_first_batch_the_speed_is_0_and_the_time_left_unknown()
    {
        var throughput = new Throughput(window: 10, _time);

        Assert.AreEqual(0, throughput.SamplesPerSecond);
        Assert.IsNull(throughput.TimeLeft(100));
    }

    [TestMethod]
    public void A_time_left_beyond_what_can_be_said_is_unknown()
    {
        var throughput = new Throughput(window: 10, _time);
        Batch(throughput, samples: 1, seconds: 1000);

        Assert.IsNull(throughput.TimeLeft(long.MaxValue));
    }

    [TestMethod]
    public void Negative_counts_are_refused()
    {
        var throughput = new Throughput(window: 1, _time);

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new Throughput(window: 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => throughput.Add(-1));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => throughput.TimeLeft(-1));
    }

    private void Batch(Throughput throughput, int samples, double seconds)
    {
        _time.Advance(seconds);
        throughput.Add(samples);
    }
}
