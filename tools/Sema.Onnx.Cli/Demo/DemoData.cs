using Sema.Onnx.Data;

namespace Sema.Onnx.Cli.Demo;

/// <summary>What the demo trains on: real data that the sample model has not seen.</summary>
/// <param name="Data">The samples.</param>
/// <param name="Spec">The name of its data set.</param>
/// <param name="Description">What it is, for people.</param>
/// <param name="Pixels">How pixels become the model's input.</param>
/// <param name="LabelNoise">The share of training labels made wrong.</param>
internal sealed record DemoData(DataSplit Data, string Spec, string Description, PixelOptions Pixels, double LabelNoise)
{
    private const double Noise = 0.4;

    /// <summary>Gets the options that say the same to another command.</summary>
    internal string Flags => Pixels.Scale is { } scale ? FormattableString.Invariant($" --scale {scale}") : "";

    /// <summary>Takes Fashion-MNIST where it is installed, else MNIST with noise on the training labels.</summary>
    internal static DemoData Load(int training, int test, double? scale)
    {
        var pixels = new PixelOptions { Scale = scale };
        try
        {
            return new(First(DataSpec.Load("fashion-mnist")), "fashion-mnist", $"Fashion-MNIST: photographs of clothes, a new task ({training} to train on, {test} to test on)", pixels, 0);
        }
        catch (DataException)
        {
            return new(First(DataSpec.Load("mnist")), "mnist",
                $"MNIST, 40 % of the training labels replaced by wrong ones, clean test labels ({training} to train on, {test} to test on)", pixels, Noise);
        }

        DataSplit First(DataSplit data) => new(data.Train.First(training), (data.Test ?? data.Train).First(test));
    }
}
