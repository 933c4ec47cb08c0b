using System.Globalization;

namespace Sema.Onnx.Runtime;

/// <summary>Where a model runs and its buffers live: the CPU, which is the default, or one CUDA device.</summary>
public readonly record struct Device
{
    // 0 is the CPU, so that default(Device) is one; n is CUDA device n - 1.
    private readonly int _code;

    private Device(int code) => _code = code;

    /// <summary>Gets the CPU.</summary>
    public static Device Cpu => default;

    /// <summary>Gets whether this is the CPU.</summary>
    public bool IsCpu => _code == 0;

    /// <summary>Gets the number of the CUDA device, from 0; 0 for the CPU.</summary>
    public int Id => Math.Max(_code - 1, 0);

    /// <summary>Names a CUDA device.</summary>
    /// <param name="id">Its number as CUDA counts, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public static Device Cuda(int id = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfEqual(id, int.MaxValue);
        return new(id + 1);
    }

    /// <summary>Reads a device as the command line names it.</summary>
    /// <param name="text"><c>cpu</c>, <c>cuda</c> (device 0) or <c>cuda:1</c>.</param>
    /// <exception cref="FormatException">The text names no device.</exception>
    public static Device Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == "cpu")
            return Cpu;
        if (text == "cuda")
            return Cuda();
        return text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id < int.MaxValue
            ? Cuda(id)
            : throw new FormatException($"'{text}' is no device; use 'cpu', 'cuda' or 'cuda:N' with N from 0.");
    }

    /// <inheritdoc/>
    public override string ToString() => IsCpu ? "cpu" : string.Create(CultureInfo.InvariantCulture, $"cuda:{Id}");
}
