namespace Sema.Onnx.Data.Batches;

[TestClass]
public sealed class SplitMix64Tests
{
    [TestMethod]
    public void The_numbers_are_those_of_the_published_algorithm()
    {
        // splitmix64.c with the state 1234567
        var random = new SplitMix64(1234567);

        new[] { random.Next(), random.Next(), random.Next() }.ShouldHold(6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL);
    }

    [TestMethod]
    public void Numbers_below_a_limit_are_equally_frequent()
    {
        var random = new SplitMix64(1);
        var counts = new int[6];
        for (var i = 0; i < 60_000; i++)
            counts[random.NextBelow(6)]++;

        foreach (var count in counts)
            Assert.AreEqual(10_000, count, delta: 400);   // standard deviation 91
    }

    [TestMethod]
    public void Below_1_is_0() => Assert.AreEqual(0, new SplitMix64(5).NextBelow(1));

    [TestMethod]
    public void Streams_differ_by_seed_purpose_epoch_and_sample()
    {
        ulong[] first =
        [
            SplitMix64.For(1, RandomStream.Shuffle, 0).Next(),
            SplitMix64.For(2, RandomStream.Shuffle, 0).Next(),
            SplitMix64.For(1, RandomStream.Augment, 0).Next(),
            SplitMix64.For(1, RandomStream.Augment, 1).Next(),
            SplitMix64.For(1, RandomStream.Augment, 0, sample: 1).Next(),
        ];

        Assert.AreEqual(first.Length, first.Distinct().Count());
    }
}
