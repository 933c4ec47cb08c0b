namespace Sema.Onnx.Metrics;

[TestClass]
public sealed class CalibrationErrorTests
{
    [TestMethod]
    public void Two_bins_of_equal_mass_by_hand() =>
        // Sorted: .5 wrong, .6 right | .8 right, .9 wrong: (2·|1/2 − .55| + 2·|1/2 − .85|)/4.
        Assert.AreEqual(((2 * 0.05) + (2 * 0.35)) / 4, Error(2, (0.9, false), (0.5, false), (0.8, true), (0.6, true)), 1e-12);

    [TestMethod]
    public void The_first_bins_have_one_more() =>
        // Five in two bins, three and two: .2 .3 .4 (all wrong) | .5 .6 (all right): (3·.3 + 2·.45)/5.
        Assert.AreEqual(((3 * 0.3) + (2 * 0.45)) / 5, Error(2, (0.2, false), (0.3, false), (0.4, false), (0.5, true), (0.6, true)), 1e-12);

    [TestMethod]
    public void With_fewer_predictions_than_bins_each_is_a_bin() =>
        Assert.AreEqual((0.4 + 0.7 + 0.1) / 3, Error(15, (0.6, true), (0.7, false), (0.9, true)), 1e-12);

    [TestMethod]
    public void Equal_confidences_stay_in_one_bin()
    {
        // In two bins of two, .7 would be torn apart; so the first takes all three: |2/3 − .7|·3, then .8 wrong.
        var expected = ((3 * Math.Abs((2 / 3.0) - 0.7)) + 0.8) / 4;
        Assert.AreEqual(expected, Error(2, (0.7, true), (0.7, true), (0.7, false), (0.8, false)), 1e-12);
        Assert.AreEqual(expected, Error(2, (0.7, false), (0.8, false), (0.7, true), (0.7, true)), 1e-12);
        Assert.AreEqual(0.5, Error(15, (1, true), (1, false), (1, true), (1, false)), 1e-12, "all equal, so one bin");
    }

    [TestMethod]
    public void Fifteen_bins_agree_with_the_definition()
    {
        var random = new Random(5);
        (double Confidence, bool Correct)[] all = [.. Enumerable.Range(0, 3005).Select(_ => random.NextDouble()).Select(p => (p, random.NextDouble() < p * p))];

        // 3005 = 15·200 + 5: five bins of 201, then ten of 200; no two confidences are equal.
        var (sorted, expected, start) = (all.OrderBy(p => p.Confidence).ToArray(), 0.0, 0);
        foreach (var size in Enumerable.Repeat(201, 5).Concat(Enumerable.Repeat(200, 10)))
        {
            var bin = sorted[start..(start += size)];
            expected += size / 3005.0 * Math.Abs(bin.Average(p => p.Correct ? 1.0 : 0.0) - bin.Average(p => p.Confidence));
        }

        Assert.AreEqual(3005, start);
        Assert.AreEqual(expected, Error(15, all), 1e-12);
    }

    [TestMethod]
    public void Without_a_prediction_and_with_one_that_is_no_number_it_is_NaN()
    {
        Assert.AreEqual(double.NaN, Error(15));
        Assert.AreEqual(double.NaN, Error(15, (0.5, true), (double.NaN, false)));
    }

    private static double Error(int bins, params (double Confidence, bool Correct)[] predictions)
    {
        var error = new CalibrationError();
        foreach (var (confidence, correct) in predictions)
            error.Add(confidence, correct);
        return error.Value(bins)!.Value;
    }
}
