namespace Sema.Onnx.Data;

/// <summary>The first samples of another data set.</summary>
/// <param name="data">The whole.</param>
/// <param name="count">How many samples to keep, in [1, <c>data.Count</c>].</param>
internal sealed class Subset(IDataset data, int count) : IDataset
{
    public int Count => count;

    public ArraySpec Input => data.Input;

    public ArraySpec Target => data.Target;

    public IReadOnlyList<string> Arrays => data.Arrays;

    public IReadOnlyDictionary<string, double> Constants => data.Constants;

    public InputArray? Find(string name) => data.Find(name);

    public void Read(int index, Span<byte> input, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
        data.Read(index, input, target);
    }
}
