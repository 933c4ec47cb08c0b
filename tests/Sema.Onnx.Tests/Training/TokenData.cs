using Sema.Onnx.Data;
using Sema.Onnx.Data.Formats;

namespace Sema.Onnx.Training;

/// <summary>NumPy archives for <see cref="TinyModels.Tokens"/>: the class of a sample is the remainder of its first token, and the mask
/// hides the others.</summary>
internal static class TokenData
{
    internal const int Length = 3;

    /// <summary>The arrays of a number of samples; the state and the scale are left to the caller.</summary>
    internal static List<(string Entry, byte[] Bytes)> Arrays(int count, int seed = 1)
    {
        var random = new Random(seed);
        long[] tokens = [.. Enumerable.Range(0, count * Length).Select(_ => (long)random.Next(TinyModels.Words))];
        float[] mask = [.. Enumerable.Range(0, count * Length).Select(i => i % Length == 0 ? 1f : 0)];
        long[] target = [.. Enumerable.Range(0, count).Select(n => tokens[n * Length] % TinyModels.Classes)];
        return
        [
            ("tokens.npy", Npy.File("<i8", $"({count}, {Length})", SampleBytes.Bytes(tokens))),
            ("in_mask_0.npy", Npy.File("<f4", $"({count}, {Length})", SampleBytes.Bytes(mask))),
            ("target.npy", Npy.File("<i8", $"({count},)", SampleBytes.Bytes(target))),
        ];
    }

    internal static (string, byte[]) Scale(float scale) => ("scale.npy", Npy.File("<f4", "()", SampleBytes.Bytes(scale)));

    /// <summary>The archive as a data set, its state 0.</summary>
    internal static IDataset Load(TemporaryFolder folder, IEnumerable<(string, byte[])> arrays) =>
        NpzFiles.Load(folder.WriteZip($"{Guid.NewGuid():N}.npz", [.. arrays])).Train.WithConstant("state", 0);

    /// <summary>25 samples to train on and 10 to evaluate on, with a scale of 2.</summary>
    internal static DataSplit Load(TemporaryFolder folder) => new(Load(folder, [.. Arrays(25), Scale(2)]), Load(folder, [.. Arrays(10, seed: 2), Scale(2)]));
}
