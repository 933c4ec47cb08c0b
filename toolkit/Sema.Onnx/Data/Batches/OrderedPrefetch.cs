using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Sema.Onnx.Data.Batches;

/// <summary>Makes items on several threads ahead of their use, and gives them out in order.</summary>
/// <remarks>
/// Worker w of W makes the items w, w + W, w + 2W, ... into a bounded queue of its own, and the consumer goes round the
/// queues: the order is fixed without sorting. What a worker throws is thrown to the consumer when the item's turn
/// comes.
/// </remarks>
internal static class OrderedPrefetch
{
    /// <summary>Gives out the items 0 to <paramref name="count"/> - 1. Stopping early stops the workers and disposes of
    /// what was made.</summary>
    /// <param name="count">How many items there are.</param>
    /// <param name="workers">The number of threads, at least 1.</param>
    /// <param name="ahead">How many items may wait, at least 1 a worker.</param>
    /// <param name="newMaker">Called once for each worker; what it returns is called on that worker's thread
    /// only.</param>
    /// <param name="cancellation">Ends the sequence with an <see cref="OperationCanceledException"/>.</param>
    internal static IEnumerable<T> Run<T>(
        long count, int workers, int ahead,
        Func<Func<long, CancellationToken, T>> newMaker, CancellationToken cancellation)
        where T : IDisposable
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Func<long, CancellationToken, T>[] makers = [.. Enumerable.Range(0, workers).Select(_ => newMaker())];
        var capacity = Math.Max(1, ahead / workers);
        BlockingCollection<Made<T>>[] queues = [.. makers.Select(_ => new BlockingCollection<Made<T>>(capacity))];
        Task[] tasks = [.. makers.Select((make, w) => Task.Factory.StartNew(
            () => Work(w, workers, count, make, queues[w], stop.Token),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];

        try
        {
            for (var n = 0L; n < count; n++)
                yield return Take(queues[n % workers], cancellation);
        }
        finally
        {
            stop.Cancel();
            Task.WaitAll(tasks, CancellationToken.None);
            foreach (var queue in queues)
            {
                while (queue.TryTake(out var left))
                    left.Item?.Dispose();
                queue.Dispose();
            }
        }
    }

    private static T Take<T>(BlockingCollection<Made<T>> queue, CancellationToken cancellation)
    {
        var made = queue.Take(cancellation);
        made.Error?.Throw();
        return made.Item!;
    }

    private static void Work<T>(
        long first, int step, long count,
        Func<long, CancellationToken, T> make, BlockingCollection<Made<T>> queue, CancellationToken stop)
        where T : IDisposable
    {
        for (var n = first; n < count && !stop.IsCancellationRequested; n += step)
        {
            var made = Try(() => make(n, stop));
            try
            {
                queue.Add(made, stop);
            }
            catch (OperationCanceledException)
            {
                made.Item?.Dispose();
            }

            if (made.Error is not null)
                return;
        }
    }

    private static Made<T> Try<T>(Func<T> make)
    {
        try
        {
            return new Made<T>(make(), Error: null);
        }
        catch (Exception e)   // whatever it is, it belongs to the consumer
        {
            return new Made<T>(default, ExceptionDispatchInfo.Capture(e));
        }
    }

    private sealed record Made<T>(T? Item, ExceptionDispatchInfo? Error);
}
