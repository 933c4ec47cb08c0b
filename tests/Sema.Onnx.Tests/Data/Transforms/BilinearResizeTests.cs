namespace Sema.Onnx.Data.Transforms;

[TestClass]
public sealed class BilinearResizeTests
{
    [TestMethod]
    public void Twice_the_size_lies_at_quarters_between_pixels()
    {
        // Output pixels 0..3 lie at -0.25, 0.25, 0.75, 1.25 of the input, clamped to 0, 0.25, 0.75, 1:
        // sideways 0 4 becomes 0 1 3 4, and the second row is 8 more.
        Resize([0, 4, 8, 12], 2, 2, 4, 4).ShouldHold(
            0, 1, 3, 4,
            2, 3, 5, 6,
            6, 7, 9, 10,
            8, 9, 11, 12);
    }

    [TestMethod]
    public void Half_the_size_is_the_mean_of_pairs() =>
        Resize([0, 2, 4, 6], 1, 4, 1, 2).ShouldHold(1, 5);   // at 0.5 and 2.5

    [TestMethod]
    public void Rows_are_found_when_many_are_skipped() =>
        Resize([0, 10, 20, 30, 40, 50, 60, 70, 80], 9, 1, 3, 1).ShouldHold(10, 40, 70);   // at 1, 4, 7

    [TestMethod]
    public void One_pixel_fills_everything() => Resize([7], 1, 1, 2, 3).ShouldHold(7, 7, 7, 7, 7, 7);

    [TestMethod]
    public void Height_and_width_are_not_mixed_up() =>
        Resize([0, 4, 8, 1, 5, 9], 2, 3, 4, 3).ShouldHold(0, 4, 8, 0.25f, 4.25f, 8.25f, 0.75f, 4.75f, 8.75f, 1, 5, 9);

    [TestMethod]
    public void A_wide_row_is_blended_to_its_end()
    {
        // 19 columns: more than the vectors of any machine, and a rest. The middle row of 0s and 10s is 5.
        float[] rows = [.. Enumerable.Repeat(0f, 19), .. Enumerable.Repeat(10f, 19)];

        Resize(rows, 2, 19, 3, 19)[19..38].ShouldHold([.. Enumerable.Repeat(5f, 19)]);
    }

    private static float[] Resize(float[] source, int height, int width, int newHeight, int newWidth)
    {
        var resize = new BilinearResize(height, width, newHeight, newWidth);
        var result = new float[newHeight * newWidth];
        resize.Apply(source, result, new float[resize.ScratchLength]);
        return result;
    }
}
