namespace Sema.Onnx.Checkpoints;

/// <summary>What a file says of a tensor, its values aside.</summary>
public sealed class TensorInfo
{
    internal TensorInfo(string name, TensorType type, IReadOnlyList<long> shape, long byteLength)
    {
        Name = name;
        Type = type;
        Shape = shape;
        ByteLength = byteLength;
    }

    /// <summary>Any Unicode text but <c>__metadata__</c>; unique within its file.</summary>
    public string Name { get; }

    /// <summary>The type of the elements.</summary>
    public TensorType Type { get; }

    /// <summary>The dimensions, outermost first, each 0 or more; empty for a scalar.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary>The size of the values in bytes: the product of the shape and the element's size.</summary>
    public long ByteLength { get; }

    /// <summary>Name, type and shape, such as <c>'w' F32 [2, 3]</c>.</summary>
    /// <returns>One line of text.</returns>
    public override string ToString() => $"{Quote.Text(Name)} {Type.Code()} [{string.Join(", ", Shape)}]";
}
