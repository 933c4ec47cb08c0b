using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Batches;

[TestClass]
public sealed class AugmenterTests
{
    private static readonly byte[] Image = [1, 2, 3, 4, 5, 6, 7, 8, 9];   // 3x3

    [TestMethod]
    public void A_window_down_and_right_lets_zeros_in_there() =>
        Move(new ArraySpec(ElementType.UInt8, 1, 3, 3), Image, top: 1, left: 1, flip: false)
            .ShouldHold<byte>(5, 6, 0, 8, 9, 0, 0, 0, 0);

    [TestMethod]
    public void A_window_up_and_left_lets_zeros_in_there() =>
        Move(new ArraySpec(ElementType.UInt8, 1, 3, 3), Image, top: -1, left: -2, flip: false)
            .ShouldHold<byte>(0, 0, 0, 0, 0, 1, 0, 0, 4);

    [TestMethod]
    public void A_window_outside_is_black() =>
        Move(new ArraySpec(ElementType.UInt8, 1, 3, 3), Image, top: 0, left: 3, flip: false).ShouldHold(new byte[9]);

    [TestMethod]
    public void Flipping_turns_rows_round() =>
        Move(new ArraySpec(ElementType.UInt8, 1, 3, 3), Image, top: 0, left: 0, flip: true)
            .ShouldHold<byte>(3, 2, 1, 6, 5, 4, 9, 8, 7);

    [TestMethod]
    public void Each_channel_moves_by_itself() =>
        Move(new ArraySpec(ElementType.UInt8, 3, 2, 1), [1, 2, 3, 4, 5, 6], top: 1, left: 0, flip: false)
            .ShouldHold<byte>(2, 0, 4, 0, 6, 0);

    [TestMethod]
    public void Pixels_whose_channels_are_last_stay_whole() =>
        Move(new ArraySpec(ElementType.UInt8, 2, 2, 3), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 0, 0, flip: true)
            .ShouldHold<byte>(4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9);

    [TestMethod]
    [DataRow(ElementType.Float16)]
    [DataRow(ElementType.Float32)]
    [DataRow(ElementType.Float64)]
    public void Wide_elements_stay_whole(ElementType type)
    {
        var size = type.Size();
        byte[] row = [.. Enumerable.Range(0, 3 * size).Select(i => (byte)(i / size))];

        Move(new ArraySpec(type, 1, 1, 3), row, 0, left: 1, flip: true)
            .ShouldHold([.. new byte[size], .. row[(2 * size)..], .. row[size..(2 * size)]]);
    }

    [TestMethod]
    public void The_same_seed_epoch_and_sample_give_the_same_image()
    {
        var (samples, crop) = (new ArraySpec(ElementType.UInt8, 1, 8, 8), new Augmentation(Crop: true, Flip: true));
        byte[] image = [.. Enumerable.Range(1, 64).Select(i => (byte)i)];
        var seen = new HashSet<string>();
        for (var epoch = 0; epoch < 200; epoch++)
        {
            var (one, other) = (new byte[64], new byte[64]);
            new Augmenter(samples, crop, seed: 3).Apply(epoch, 5, image, one);
            new Augmenter(samples, crop, seed: 3).Apply(epoch, 5, image, other);
            one.ShouldHold(other);
            seen.Add(string.Join(' ', one));
        }

        Assert.HasCount(18, seen);   // 8/8 = 1 pixel each way: 3 x 3 windows, flipped or not
    }

    [TestMethod]
    public void Half_of_the_images_are_flipped()
    {
        var augmenter = new Augmenter(new ArraySpec(ElementType.UInt8, 1, 1, 2), new Augmentation(Crop: false, Flip: true), seed: 0);
        var result = new byte[2];
        var flipped = 0;
        for (var sample = 0; sample < 10_000; sample++)
        {
            augmenter.Apply(0, sample, [1, 2], result);
            flipped += result[0] == 2 ? 1 : 0;
        }

        Assert.AreEqual(5000, flipped, delta: 200);   // standard deviation 50
    }

    [TestMethod]
    public void Only_images_are_augmented() =>
        Assert.AreEqual("The data's samples are float32 [98,40], and only images can be augmented; leave out --augment.",
            Assert.ThrowsExactly<DataException>(() => new Augmenter(new ArraySpec(ElementType.Float32, 98, 40), new Augmentation(true, true), 0)).Message);

    private static byte[] Move(ArraySpec samples, byte[] image, int top, int left, bool flip)
    {
        var result = new byte[image.Length];
        Array.Fill(result, (byte)99);
        new Augmenter(samples, Augmentation.None, seed: 0).Move(image, result, top, left, flip);
        return result;
    }
}
