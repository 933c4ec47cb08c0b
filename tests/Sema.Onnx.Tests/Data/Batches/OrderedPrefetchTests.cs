namespace Sema.Onnx.Data.Batches;

[TestClass]
public sealed class OrderedPrefetchTests
{
    [TestMethod]
    [DataRow(1, 1)]
    [DataRow(2, 4)]
    [DataRow(3, 2)]
    public void Items_come_in_order_whatever_the_number_of_workers(int workers, int ahead)
    {
        var numbers = OrderedPrefetch.Run<Item>(20, workers, ahead, Slowly, CancellationToken.None).Select(item => item.Number);

        numbers.ToArray().ShouldHold([.. Enumerable.Range(0, 20).Select(n => (long)n)]);

        // Even numbers take longer, so that workers overtake each other.
        static Func<long, CancellationToken, Item> Slowly() => (n, _) =>
        {
            Thread.Sleep(n % 2 == 0 ? 2 : 0);
            return new Item(n);
        };
    }

    [TestMethod]
    public void An_error_arrives_in_its_turn()
    {
        var seen = new List<long>();
        var error = Assert.ThrowsExactly<DataException>(() =>
        {
            foreach (var item in OrderedPrefetch.Run<Item>(10, 2, 4, () => (n, _) => n == 3 ? throw new DataException("broken") : new Item(n), CancellationToken.None))
                seen.Add(item.Number);
        });

        Assert.AreEqual("broken", error.Message);
        seen.ToArray().ShouldHold(0, 1, 2);
    }

    [TestMethod]
    public void Only_so_many_items_wait()
    {
        var made = 0;
        foreach (var _ in OrderedPrefetch.Run<Item>(1000, 1, 3, () => (n, _) => new Item(Interlocked.Increment(ref made)), CancellationToken.None))
        {
            Thread.Sleep(50);
            break;
        }

        Assert.IsLessThanOrEqualTo(5, made);   // one taken, 3 waiting, one in the worker's hands
    }

    [TestMethod]
    public void Stopping_early_disposes_of_what_was_made_ahead()
    {
        var made = new List<Item>();
        foreach (var item in OrderedPrefetch.Run<Item>(1000, 2, 4, () => (n, _) => Make(n), CancellationToken.None))
        {
            item.Dispose();
            if (item.Number == 5)
                break;
        }

        Assert.IsTrue(made.TrueForAll(item => item.IsDisposed));

        Item Make(long n)
        {
            var item = new Item(n);
            lock (made)
                made.Add(item);
            return item;
        }
    }

    [TestMethod]
    [Timeout(10_000, CooperativeCancellation = true)]
    public void Stopping_early_stops_a_worker_in_the_middle_of_an_item()
    {
        foreach (var _ in OrderedPrefetch.Run<Item>(1000, 1, 1, () => Endless, CancellationToken.None))
            break;

        static Item Endless(long n, CancellationToken stop)
        {
            if (n > 0)
                stop.WaitHandle.WaitOne();
            stop.ThrowIfCancellationRequested();
            return new Item(n);
        }
    }

    [TestMethod]
    [Timeout(10_000, CooperativeCancellation = true)]
    public void Cancelling_ends_the_wait_for_an_item()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.CancelAfter(20);

        Assert.ThrowsExactly<OperationCanceledException>(() =>
            OrderedPrefetch.Run<Item>(1, 1, 1, () => (n, stop) => stop.WaitHandle.WaitOne() ? new Item(n) : new Item(n), cancellation.Token).Count());
    }

    private sealed class Item(long number) : IDisposable
    {
        internal long Number => number;

        internal bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
