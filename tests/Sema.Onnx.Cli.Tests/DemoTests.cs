using Sema.Onnx.Cli.Demo;
using Sema.Onnx.Data;

namespace Sema.Onnx.Cli;

[TestClass]
public sealed class DemoTests
{
    [TestMethod]
    public void Label_noise_is_the_same_every_time_and_of_the_share_it_says()
    {
        var noisy = new NoisyLabels(new Zeros(), share: 0.4, classes: 10);

        var labels = Labels(noisy);

        Assert.AreSequenceEqual(labels, Labels(noisy));
        Assert.IsTrue(labels.All(l => l is >= 0 and < 10));
        // A new label is the old one in 1 of 10 cases: 0.36 of 4000 differ, standard deviation 0.0076.
        Assert.AreEqual(0.36, labels.Count(l => l != 0) / 4000.0, 0.03);
    }

    [TestMethod]
    public void A_model_that_is_not_there_is_named() => Cli.Run("demo", "--model", "nowhere.onnx").IsFailure(ExitCode.BadInput, "nowhere.onnx", "--model");

    private static long[] Labels(NoisyLabels data)
    {
        var labels = new long[data.Count];
        for (var i = 0; i < data.Count; i++)
            data.Read(i, new byte[1], System.Runtime.InteropServices.MemoryMarshal.AsBytes(labels.AsSpan(i, 1)));
        return labels;
    }

    private sealed class Zeros : IDataset
    {
        public int Count => 4000;

        public ArraySpec Input { get; } = new(Graphs.ElementType.UInt8, 1);

        public ArraySpec Target { get; } = new(Graphs.ElementType.Int64);

        public void Read(int index, Span<byte> input, Span<byte> target) => target.Clear();
    }
}
