namespace Sema.Onnx.Runtime.Kernels;

[TestClass]
public sealed class ConvWeightSumsTests
{
    // Channels are gathered a few at a time, and each few fill up whole tiles.
    [TestMethod]
    [DataRow(3, 3, 3)]
    [DataRow(1, 5, 5)]
    [DataRow(1, 7, 7)]
    [DataRow(1, 1, 15)]
    public void The_sums_of_all_channels_have_room_for_whole_tiles(int depth, int height, int width)
    {
        for (var channels = 1; channels <= 130; channels++)
        {
            int[] one = [1, 1, 1], kernel = [depth, height, width];
            var g = new ConvGeometry(1, channels, kernel, one, kernel, one, one, [0, 0, 0]);
            for (var channel = 0; channel < channels; channel += ConvWeightSums.Channels(g))
            {
                var rows = ConvWeightSums.RowsOf(g, Math.Min(ConvWeightSums.Channels(g), channels - channel));
                Assert.IsLessThanOrEqualTo(ConvWeightSums.AllRowsOf(g), (channel * g.Taps) + rows);
            }
        }
    }
}
