namespace Sema.Onnx.Data.Transforms;

[TestClass]
public sealed class NormalizationTests
{
    [TestMethod]
    public void Scales_then_subtracts_then_divides() =>
        Assert.AreEqual(1f,
            Of(new PixelOptions { Scale = 2, Mean = [1], Std = [4] }).Apply(0, 10));   // (10 / 2 - 1) / 4

    [TestMethod]
    public void Every_step_is_rounded_to_float32()
    {
        // (x / 255 - 0.485) / 0.229, each constant and each result rounded, worked out apart from this code
        var normalization = Of(new PixelOptions { Scale = 255, Mean = [0.485], Std = [0.229] });
        var values = new float[] { 0, 1, 128, 255 };

        normalization.Apply(0, values, values);

        values.Select(BitConverter.SingleToUInt32Bits).ToArray()
            .ShouldHold<uint>(0xc0078bbd, 0xc006732b, 0x3d97af32, 0x400fee1d);
    }

    [TestMethod]
    public void Vectors_and_the_rest_agree_with_single_values()
    {
        var normalization = Of(new PixelOptions { Scale = 255, Mean = [0.5, 0.25], Std = [0.3, 0.7] }, channels: 2);
        float[] values = [.. Enumerable.Range(0, 37).Select(i => (float)i)];
        var result = new float[37];

        normalization.Apply(1, values, result);

        result.ShouldHold([.. values.Select(value => normalization.Apply(1, value))]);
    }

    [TestMethod]
    public void The_formula_leaves_out_what_does_nothing()
    {
        Assert.AreEqual("x / 255", Of(new PixelOptions { Scale = 255 }, channels: 3).ToString());
        Assert.AreEqual("(x - 0.5) / [2, 3]",
            Of(new PixelOptions { Mean = [0.5], Std = [2, 3] }, channels: 2).ToString());
    }

    [TestMethod]
    public void Another_number_of_means_than_channels_is_refused() => Refused(new PixelOptions { Mean = [1, 2] }, 3,
        "2 values are given for the mean, and the model's input has 3 channel(s); give one, or one a channel.");

    [TestMethod]
    public void A_standard_deviation_of_0_is_refused() =>
        Refused(new PixelOptions { Std = [0] }, 1,
            "The standard deviation 0 must be above 0: pixels are divided by it.");

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(-255.0)]
    [DataRow(double.NaN)]
    [DataRow(1e-60)]   // 0 in float32
    public void A_scale_that_is_not_positive_is_refused(double scale) =>
        Refused(new PixelOptions { Scale = scale }, 1, "The scale");

    [TestMethod]
    public void An_infinite_mean_is_refused() =>
        Refused(new PixelOptions { Mean = [double.PositiveInfinity] }, 1, "The mean Infinity is not a finite number.");

    private static Normalization Of(PixelOptions options, int channels = 1) => new(options, channels, defaultScale: 1);

    private static void Refused(PixelOptions options, int channels, string message) =>
        Assert.StartsWith(message, Assert.ThrowsExactly<DataException>(() => Of(options, channels)).Message);
}
