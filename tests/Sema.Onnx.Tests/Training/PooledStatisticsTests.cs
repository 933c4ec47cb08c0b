namespace Sema.Onnx.Training;

[TestClass]
public sealed class PooledStatisticsTests
{
    [TestMethod]
    public void Batches_are_pooled_to_the_mean_and_variance_of_all_elements()
    {
        // Far from 0 and with batches far apart, where the mean of the batches' variances would be far off.
        var random = new Random(2);
        double[][] batches = [.. Enumerable.Range(0, 5).Select(b => Enumerable.Range(0, 8).Select(_ => 1000 + (10 * b) + random.NextDouble()).ToArray())];
        var pooled = new PooledStatistics(1, 8);
        foreach (var batch in batches)
        {
            var mean = batch.Average();
            pooled.Add([(float)mean], [(float)batch.Average(x => (x - mean) * (x - mean))]);
        }

        var all = batches.SelectMany(b => b).ToArray();
        Assert.AreEqual(all.Average(), pooled.Mean[0], 1e-3);
        var variance = all.Sum(x => Math.Pow(x - all.Average(), 2)) / (all.Length - 1);
        Assert.AreEqual(1, pooled.Variance[0] / variance, 1e-5);
        Assert.IsGreaterThan(100, variance, "the batches' own variances are below 1");
    }

    [TestMethod]
    public void One_batch_has_its_unbiased_variance()
    {
        var pooled = new PooledStatistics(2, 4);
        pooled.Add([1, 2], [3, 6]);
        Assert.AreSequenceEqual([1f, 2f], pooled.Mean);
        Assert.AreSequenceEqual([4f, 8f], pooled.Variance);
    }
}
