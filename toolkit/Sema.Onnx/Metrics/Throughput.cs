namespace Sema.Onnx.Metrics;

/// <summary>Samples per second over the last batches, and the time that is left at that speed.</summary>
/// <remarks>Not safe for several threads at once.</remarks>
public sealed class Throughput
{
    private readonly Queue<(long Time, long Samples)> _batches = [];
    private readonly TimeProvider _time;
    private readonly int _window;
    private (long Time, long Samples) _last;

    /// <summary>Starts the clock.</summary>
    /// <param name="window">The batches that the speed is taken over, at least 1.</param>
    /// <param name="time">The clock; the system's by default.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="window"/> is less than 1.</exception>
    public Throughput(int window = 50, TimeProvider? time = null)
    {
        _window = window >= 1
            ? window
            : throw new ArgumentOutOfRangeException(nameof(window), window,
                "The speed is taken over the last batches, at least 1 of them.");
        _time = time ?? TimeProvider.System;
        Restart();
    }

    /// <summary>Gets the samples per second from the batch before the window, or the start, to the last batch; 0 while
    /// unknown.</summary>
    public double SamplesPerSecond
    {
        get
        {
            var (start, samples) = _batches.Peek();
            var seconds = _time.GetElapsedTime(start, _last.Time).TotalSeconds;
            return seconds > 0 ? (_last.Samples - samples) / seconds : 0;
        }
    }

    /// <summary>Counts a batch that is done now.</summary>
    /// <param name="samples">Its samples, at least 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="samples"/> is negative.</exception>
    public void Add(int samples)
    {
        if (samples < 0)
            throw new ArgumentOutOfRangeException(nameof(samples), samples,
                "The samples of a batch must not be negative.");
        _last = (_time.GetTimestamp(), _last.Samples + samples);
        _batches.Enqueue(_last);
        if (_batches.Count > _window + 1)
            _batches.Dequeue();
    }

    /// <summary>Forgets the batches and starts the clock again: for after a pause, such as an evaluation.</summary>
    public void Restart()
    {
        _batches.Clear();
        _last = (_time.GetTimestamp(), 0);
        _batches.Enqueue(_last);
    }

    /// <summary>Estimates the time left.</summary>
    /// <param name="samples">The samples still to do, at least 0.</param>
    /// <returns>The time at the present speed; <see langword="null"/> while that is unknown, or if it is beyond
    /// <see cref="TimeSpan.MaxValue"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="samples"/> is negative.</exception>
    public TimeSpan? TimeLeft(long samples)
    {
        if (samples < 0)
            throw new ArgumentOutOfRangeException(nameof(samples), samples,
                "The samples still to do must not be negative.");
        var seconds = samples / SamplesPerSecond;
        return seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null;
    }
}
