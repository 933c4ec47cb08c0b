namespace Sema.Onnx.Data.Formats;

[TestClass]
public sealed class SampleStoreTests
{
    [TestMethod]
    public void Samples_are_found_across_blocks()
    {
        // Samples of 5 MiB: 3 fill a block of 16 MiB, so the fourth begins the second block.
        const int SampleBytes = 5 << 20;
        var bytes = new byte[4 * SampleBytes];
        for (var i = 0; i < 4; i++)
            bytes[i * SampleBytes] = (byte)(i + 1);

        var store = SampleStore.Read(new DataReader(new MemoryStream(bytes), "a"), 4, SampleBytes);

        Enumerable.Range(0, 4).Select(i => store[i][0]).ToArray().ShouldHold<byte>(1, 2, 3, 4);
    }

    [TestMethod]
    public void One_sample_may_exceed_a_block()
    {
        const int SampleBytes = 17 << 20;
        var bytes = new byte[2 * SampleBytes];
        bytes[^1] = 9;

        var store = SampleStore.Read(new DataReader(new MemoryStream(bytes), "a"), 2, SampleBytes);

        Assert.AreEqual(9, store[1][^1]);
    }

    [TestMethod]
    public void Memory_grows_with_what_arrives_and_not_with_what_is_claimed()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.ThrowsExactly<DataException>(() => new DataReader(new MemoryStream(new byte[10]), "a").ReadBlock(2_000_000_000, "a sample"));

        Assert.IsLessThan(4 << 20, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
