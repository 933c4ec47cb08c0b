namespace Sema.Onnx.Data.Batches;

[TestClass]
public sealed class LabelNoiseTests
{
    private const int Samples = 4000, Classes = 10;

    [TestMethod]
    public void The_share_is_that_of_wrong_labels_and_each_other_class_is_as_likely()
    {
        var labels = Noisy(new(0.4, Classes, Seed: 7, Ignore: null), 3);
        var counts = Enumerable.Range(0, Classes).Select(c => labels.Count(l => l == c) / (double)Samples).ToArray();
        Assert.AreEqual(1, counts.Sum(), 1e-12, "all are classes");

        // Standard deviations: sqrt(0.4 · 0.6 / 4000) = 0.0077, and sqrt(0.0444 · 0.956 / 4000) = 0.0033.
        Assert.AreEqual(0.6, counts[3], 0.03);
        foreach (var c in Enumerable.Range(0, Classes).Where(c => c != 3))
            Assert.AreEqual(0.4 / 9, counts[c], 0.013, $"class {c}");
    }

    [TestMethod]
    public void The_same_seed_gives_the_same_labels_and_another_seed_others()
    {
        var noise = new LabelNoise(0.4, Classes, Seed: 7, Ignore: null);
        Assert.AreSequenceEqual(Noisy(noise, 0), Noisy(noise, 0));
        Assert.IsFalse(Noisy(noise, 0).SequenceEqual(Noisy(noise with { Seed = 8 }, 0)));
    }

    [TestMethod]
    [DataRow(0.0, 0)]
    [DataRow(1.0, 100)]
    public void A_share_of_0_changes_none_and_one_of_1_all(double share, int changed)
    {
        var labels = Enumerable.Range(0, 100).Select(i => (long)(i % Classes)).ToArray();
        var before = labels.ToArray();
        new LabelNoise(share, Classes, 1, null).Apply(labels, 0);
        Assert.AreEqual(changed, labels.Zip(before).Count(l => l.First != l.Second));
    }

    [TestMethod]
    public void Each_place_of_a_sample_is_drawn_on_its_own_and_ignored_ones_stay()
    {
        long[] labels = [.. Enumerable.Repeat(2L, Samples), -100, -100];
        new LabelNoise(0.5, 3, 1, Ignore: -100).Apply(labels, 5);
        Assert.AreSequenceEqual([-100L, -100L], labels[^2..]);
        Assert.AreEqual(0.5, labels[..^2].Count(l => l == 2) / (double)Samples, 0.04);
    }

    private static long[] Noisy(LabelNoise noise, long label) => [.. Enumerable.Range(0, Samples).Select(sample =>
    {
        long[] one = [label];
        noise.Apply(one, sample);
        return one[0];
    })];
}
