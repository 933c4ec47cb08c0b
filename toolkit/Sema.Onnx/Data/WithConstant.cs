namespace Sema.Onnx.Data;

/// <summary>Another data set, with one more input that is a number throughout.</summary>
/// <param name="data">The rest.</param>
/// <param name="name">The model's input.</param>
/// <param name="value">The number.</param>
internal sealed class WithConstant(IDataset data, string name, double value) : IDataset
{
    public int Count => data.Count;

    public ArraySpec Input => data.Input;

    public ArraySpec Target => data.Target;

    public IReadOnlyList<string> Arrays => data.Arrays;

    public IReadOnlyDictionary<string, double> Constants { get; } = new Dictionary<string, double>(data.Constants) { [name] = value };

    public InputArray? Find(string array) => data.Find(array);

    public void Read(int index, Span<byte> input, Span<byte> target) => data.Read(index, input, target);
}
