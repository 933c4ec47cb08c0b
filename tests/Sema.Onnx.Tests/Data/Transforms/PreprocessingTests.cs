using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

[TestClass]
public sealed class PreprocessingTests
{
    private static readonly PixelOptions Default = new();
    private static readonly PixelOptions Unscaled = new() { Scale = 1 };

    [TestMethod]
    public void Bytes_of_an_image_are_divided_by_255_unasked() =>
        Run(UInt8(1, 1, 2), [0, 51], Float32(1, 1, 2), Default).ShouldHold(0, 0.2f);

    [TestMethod]
    public void A_free_axis_takes_the_sizes_of_the_data() =>
        Assert.AreEqual("float32 [3,5,7]",
            Preprocessing.For(UInt8(3, 5, 7), Float32(-1, -1, -1), Default).Result.ToString());

    [TestMethod]
    public void Each_channel_has_its_mean_and_standard_deviation() =>
        Run(UInt8(3, 1, 1), [10, 20, 30], Float32(3, 1, 1),
            Unscaled with { Mean = [1, 2, 3], Std = [9, 6, 3] }).ShouldHold(1, 3, 9);

    [TestMethod]
    public void Bgr_turns_the_colours_round_and_means_are_the_models() =>
        Run(UInt8(3, 1, 2), [1, 2, 3, 4, 5, 6], Float32(3, 1, 2),
            Unscaled with { Channels = ChannelOrder.Bgr, Mean = [5, 3, 1] })
            .ShouldHold(0, 1, 0, 1, 0, 1);

    [TestMethod]
    public void Channels_go_last_for_a_model_that_takes_them_so() =>
        Run(UInt8(3, 1, 2), [1, 2, 3, 4, 5, 6], Float32(1, 2, 3),
            Unscaled with { Layout = PixelLayout.ChannelsLast }).ShouldHold(1, 3, 5, 2, 4, 6);

    [TestMethod]
    public void Channels_last_is_found_from_the_models_shape() =>
        Assert.AreEqual("float32 [96,96,3]",
            Preprocessing.For(UInt8(3, 96, 96), Float32(-1, 96, 3), Default).Result.ToString());

    [TestMethod]
    public void Stored_channels_last_come_first() =>
        Run(UInt8(2, 2, 3), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], Float32(3, 2, 2), Unscaled)
            .ShouldHold(1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12);

    [TestMethod]
    public void Grey_is_repeated_for_a_model_of_colours() =>
        Run(UInt8(1, 1, 2), [4, 8], Float32(3, 1, 2), Unscaled with { Std = [1, 2, 4] }).ShouldHold(4, 8, 2, 4, 1, 2);

    [TestMethod]
    public void Colour_becomes_luma_for_a_model_of_grey()
    {
        // 0.299 · 100 + 0.587 · 200 + 0.114 · 50 = 29.9 + 117.4 + 5.7
        var grey = Run(UInt8(3, 1, 1), [100, 200, 50], Float32(1, 1, 1), Unscaled);

        Assert.AreEqual(153f, grey[0], 1e-4f);
    }

    [TestMethod]
    public void Images_are_resized_to_the_models_size_unasked()
    {
        var transform = Preprocessing.For(UInt8(1, 2, 2), Float32(1, 4, 4), Unscaled);

        Apply(transform, [0, 4, 8, 12])[..8].ShouldHold(0, 1, 3, 4, 2, 3, 5, 6);
        Assert.AreEqual("resize 2x2 to 4x4 (bilinear)", transform.Steps[0]);
    }

    [TestMethod]
    public void Images_are_resized_to_the_size_asked_for() =>
        Assert.AreEqual("float32 [3,64,64]",
            Preprocessing.For(UInt8(3, 32, 32), Float32(3, -1, -1), Default with { Resize = 64 }).Result.ToString());

    [TestMethod]
    public void Everything_at_once_is_said_step_by_step()
    {
        var options = new PixelOptions { Channels = ChannelOrder.Bgr, Mean = [0.5] };

        Preprocessing.For(UInt8(32, 32, 3), Float32(3, 64, 64), options).Steps.ToArray().ShouldHold(
            "resize 32x32 to 64x64 (bilinear)", "RGB to BGR", "x / 255 - 0.5", "uint8 to float32", "laid out as [3,64,64]");
    }

    [TestMethod]
    public void A_model_of_one_row_takes_the_pixels_in_a_row() =>
        Run(UInt8(1, 2, 2), [1, 2, 3, 4], Float32(4), Unscaled).ShouldHold(1, 2, 3, 4);

    [TestMethod]
    public void An_image_without_a_channel_axis_gets_one() =>
        Run(UInt8(2, 2), [1, 2, 3, 4], Float32(1, 2, 2), Unscaled).ShouldHold(1, 2, 3, 4);

    [TestMethod]
    public void A_model_of_bytes_gets_the_nearest_bytes()
    {
        // 0 and 10 over 4 columns: 0, 2.5, 7.5, 10; halves go to the even neighbour
        var transform = Preprocessing.For(UInt8(1, 1, 2), new ModelInput(ElementType.UInt8, 1, 1, 4), Default);

        Apply<byte>(transform, [0, 10]).ShouldHold<byte>(0, 2, 8, 10);
    }

    [TestMethod]
    public void A_model_of_halves_gets_halves() =>
        Apply<Half>(Preprocessing.For(UInt8(1, 1, 2), new ModelInput(ElementType.Float16, 1, 1, 2), Unscaled with { Std = [2] }), [1, 2])
            .ShouldHold((Half)0.5f, (Half)1);

    [TestMethod]
    public void Features_keep_their_shape_and_become_floats() =>
        Apply(Preprocessing.For(new ArraySpec(ElementType.Float16, 2, 1), Float32(-1, 1), Default),
            SampleBytes.Bytes((Half)3, (Half)4)).ShouldHold(3, 4);

    [TestMethod]
    public void Features_are_normalised_when_asked() =>
        Apply(Preprocessing.For(new ArraySpec(ElementType.Float32, 2), Float32(2), new PixelOptions { Mean = [1], Std = [2] }), SampleBytes.Bytes(3f, 5f))
            .ShouldHold(1, 2);

    [TestMethod]
    public void Doubles_shaped_as_an_image_keep_their_precision() =>
        Apply<double>(Preprocessing.For(new ArraySpec(ElementType.Float64, 1, 1, 1), new ModelInput(ElementType.Float64, 1, 1, 1), Default), SampleBytes.Bytes(0.1))
            .ShouldHold(0.1);

    [TestMethod]
    public void Text_as_bytes_becomes_whole_numbers() =>
        Apply<int>(Preprocessing.For(UInt8(3), new ModelInput(ElementType.Int32, 3), Default), [72, 105, 33])
            .ShouldHold(72, 105, 33);

    [TestMethod]
    public void Targets_are_converted_by_value() =>
        Apply<long>(Preprocessing.ForTarget(UInt8(), ElementType.Int64), [7]).ShouldHold(7);

    [TestMethod]
    public void Features_of_another_shape_are_refused_with_both_shapes() =>
        Refused(new ArraySpec(ElementType.Float32, 98, 40), Float32(-1, 41), Default,
        "The data's samples are float32 [98,40] and the model's input takes float32 [?,41] (without the batch axis); prepare the data in the model's shape.");

    [TestMethod]
    public void Float_images_are_not_resized_unasked() =>
        Refused(new ArraySpec(ElementType.Float32, 1, 98, 40), Float32(1, 98, 41), Default,
            "only uint8 images are resized unasked");

    [TestMethod]
    public void A_size_that_contradicts_the_model_is_refused() =>
        Refused(UInt8(3, 32, 32), Float32(3, 224, 224), Default with { Resize = 64 },
            "--resize 64 contradicts the model's own size");

    [TestMethod]
    public void An_image_for_a_model_of_other_channels_is_refused() =>
        Refused(UInt8(3, 32, 32), Float32(4, 32, 32), Default, "an image has 1 or 3 channels, not 4");

    [TestMethod]
    public void An_image_for_a_model_of_sequences_is_refused() =>
        Refused(UInt8(3, 32, 32), Float32(1, 3, 32, 32), Default,
            "uint8 [3,32,32] and the model's input takes float32 [1,3,32,32]");

    [TestMethod]
    public void A_row_of_another_length_is_refused() =>
        Refused(UInt8(1, 28, 28), Float32(100), Default, "784 values do not fill 100");

    [TestMethod]
    public void A_size_below_1_is_refused() =>
        Refused(UInt8(1, 2, 2), Float32(1, -1, -1), Default with { Resize = 0 }, "The size 0 for --resize");

    [TestMethod]
    public void Features_cannot_be_resized() =>
        Refused(new ArraySpec(ElementType.Float32, 5), Float32(5), Default with { Resize = 3 }, "which are no images");

    [TestMethod]
    public void Whole_numbers_cannot_be_normalised() =>
        Refused(UInt8(5), new ModelInput(ElementType.Int64, 5), Default with { Mean = [1] },
            "which cannot hold normalised values");

    private static ArraySpec UInt8(params int[] shape) => new(ElementType.UInt8, shape);

    private static ModelInput Float32(params int[] shape) => new(ElementType.Float32, shape);

    private static float[] Run(ArraySpec sample, byte[] values, ModelInput model, PixelOptions options) =>
        Apply(Preprocessing.For(sample, model, options), values);

    private static float[] Apply(ISampleTransform transform, byte[] values) => Apply<float>(transform, values);

    private static T[] Apply<T>(ISampleTransform transform, byte[] values)
        where T : unmanaged
    {
        var result = new byte[transform.Result.ByteCount];
        transform.Apply(values, result);
        return result.As<T>();
    }

    private static void Refused(ArraySpec sample, ModelInput model, PixelOptions options, string message) =>
        Assert.Contains(message,
            Assert.ThrowsExactly<DataException>(() => Preprocessing.For(sample, model, options)).Message);
}
