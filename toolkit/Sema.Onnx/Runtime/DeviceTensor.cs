using Microsoft.ML.OnnxRuntime;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

/// <summary>A tensor in a device's memory, to be bound to a session's input or output. It sees what is written there; it holds no copy.</summary>
internal class DeviceTensor : IDisposable
{
    private readonly OrtValue _value;
    private readonly long[] _shape;

    internal DeviceTensor(DeviceBlock block, Device device, ElementType type, long offset, ReadOnlySpan<long> shape)
    {
        (Block, Device, Type, _shape) = (block, device, type, shape.ToArray());
        _value = block.Tensor(type, offset, shape);
    }

    /// <summary>Gets where the elements are.</summary>
    public Device Device { get; }

    /// <summary>Gets the elements' type.</summary>
    public ElementType Type { get; }

    /// <summary>Gets the sizes, outermost first.</summary>
    public IReadOnlyList<long> Shape => _shape;

    internal DeviceBlock Block { get; }

    /// <exception cref="ObjectDisposedException">The memory was given back.</exception>
    internal OrtValue Value
    {
        get
        {
            ObjectDisposedException.ThrowIf(Block.IsClosed, this);
            return _value;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc cref="IDisposable.Dispose"/>
    /// <param name="disposing">Always true.</param>
    protected virtual void Dispose(bool disposing) => _value.Dispose();
}
