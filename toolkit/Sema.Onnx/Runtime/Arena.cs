using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

/// <summary>One flat buffer on a device that holds all values of one role: the weights, the gradients, an optimizer slot, an average.</summary>
/// <remarks>
/// Sessions read and write it in place through <see cref="Slice"/>; the host sees it only by the explicit copies here.
/// It begins at a multiple of 256 bytes.
/// </remarks>
internal sealed class Arena : IDisposable
{
    private readonly DeviceBlock _block;
    private readonly DeviceTransfer? _transfer;

    /// <summary>Allocates a buffer of zeros.</summary>
    /// <param name="device">Where.</param>
    /// <param name="length">How many elements.</param>
    /// <param name="type">Their type.</param>
    /// <exception cref="RuntimeException">The device lacks the memory.</exception>
    /// <exception cref="RuntimeUnavailableException">The device's provider cannot be loaded.</exception>
    public Arena(Device device, long length, ElementType type = ElementType.Float32)
        : this(device, length, type, DeviceMemory.Of(device).Transfer)
    {
    }

    /// <summary>Allocates a buffer of zeros that is copied in a given way.</summary>
    /// <param name="device">Where.</param>
    /// <param name="length">How many elements.</param>
    /// <param name="type">Their type.</param>
    /// <param name="transfer">What copies; <see langword="null"/> for plain copies in the host's memory.</param>
    internal Arena(Device device, long length, ElementType type, DeviceTransfer? transfer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, long.MaxValue / 16);
        (Device, Length, Type, _transfer) = (device, length, type, transfer);
        _block = DeviceMemory.Of(device).Allocate(length * HostTypes.SizeOf(type));
        Clear();
    }

    /// <summary>Gets where the buffer is.</summary>
    public Device Device { get; }

    /// <summary>Gets the number of elements.</summary>
    public long Length { get; }

    /// <summary>Gets the elements' type.</summary>
    public ElementType Type { get; }

    /// <summary>Gets a part of the buffer as a tensor, without a copy.</summary>
    /// <param name="offset">The first element.</param>
    /// <param name="shape">The sizes, outermost first; none for a scalar.</param>
    /// <returns>A tensor that can be bound until the arena is disposed of.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The part does not lie within the buffer.</exception>
    public DeviceTensor Slice(long offset, params ReadOnlySpan<long> shape)
    {
        CheckRange(offset, Tensor.ElementCount(shape));
        return new(_block, Device, Type, offset * Type.Size(), shape);
    }

    /// <summary>Copies elements from the host.</summary>
    /// <typeparam name="T">A .NET type of the elements' size.</typeparam>
    /// <param name="host">The elements.</param>
    /// <param name="offset">The first element to overwrite.</param>
    /// <exception cref="ArgumentOutOfRangeException">The elements do not lie within the buffer.</exception>
    public void CopyFrom<T>(ReadOnlySpan<T> host, long offset = 0)
        where T : unmanaged
    {
        var first = CheckCopy<T>(offset, host.Length);
        if (_transfer is { } transfer)
            transfer.ToDevice(host, (at, count) => Bytes(first + at, count));
        else
            host.CopyTo(_block.Host<T>(first, host.Length));
    }

    /// <summary>Copies all elements of another arena on the same device.</summary>
    /// <param name="source">An arena of the same length and type.</param>
    /// <exception cref="ArgumentException">The arenas differ in device, length or type.</exception>
    public void CopyFrom(Arena source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if ((source.Device, source.Length, source.Type) != (Device, Length, Type))
        {
            throw new ArgumentException(
                $"An arena of {source.Length} {source.Type} on {source.Device} cannot fill one of {Length} {Type} on {Device}.", nameof(source));
        }

        ObjectDisposedException.ThrowIf(_block.IsClosed, this);
        ObjectDisposedException.ThrowIf(source._block.IsClosed, source);
        if (_transfer is null)
        {
            _block.CopyFromHost(source._block);
            return;
        }

        using var from = source.Bytes(0, _block.Bytes);
        using var to = Bytes(0, _block.Bytes);
        _transfer.Copy(from, to);
    }

    /// <summary>Copies elements to the host.</summary>
    /// <typeparam name="T">A .NET type of the elements' size.</typeparam>
    /// <param name="host">Where to; its length says how many.</param>
    /// <param name="offset">The first element to copy.</param>
    /// <exception cref="ArgumentOutOfRangeException">The elements do not lie within the buffer.</exception>
    public void CopyTo<T>(Span<T> host, long offset = 0)
        where T : unmanaged
    {
        var first = CheckCopy<T>(offset, host.Length);
        if (_transfer is { } transfer)
            transfer.ToHost((at, count) => Bytes(first + at, count), host);
        else
            _block.Host<T>(first, host.Length).CopyTo(host);
    }

    /// <summary>Gets elements of a buffer in the host's memory, without a copy.</summary>
    /// <typeparam name="T">A .NET type of the elements' size.</typeparam>
    /// <param name="offset">The first element.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The elements do not lie within the buffer.</exception>
    /// <exception cref="InvalidOperationException">The buffer is not in the host's memory.</exception>
    internal Span<T> Host<T>(long offset, int count)
        where T : unmanaged
    {
        var first = CheckCopy<T>(offset, count);
        return _transfer is null ? _block.Host<T>(first, count) : throw new InvalidOperationException($"The arena is in the memory of {Device}.");
    }

    /// <summary>Fills the buffer with zeros.</summary>
    public void Clear()
    {
        ObjectDisposedException.ThrowIf(_block.IsClosed, this);
        if (_transfer is null)
        {
            _block.ClearHost();
            return;
        }

        var zeros = new byte[(int)Math.Min(_block.Bytes, 1 << 20)];
        for (long offset = 0; offset < _block.Bytes; offset += zeros.Length)
        {
            var from = offset;
            ReadOnlySpan<byte> part = zeros.AsSpan(0, (int)Math.Min(zeros.Length, _block.Bytes - offset));
            _transfer.ToDevice(part, (at, count) => Bytes(from + at, count));
        }
    }

    /// <summary>Gives the memory back; what is bound keeps it until it is bound no more.</summary>
    public void Dispose() => _block.Dispose();

    // The first byte of a copy, whose range and element size are checked.
    private long CheckCopy<T>(long offset, int count)
        where T : unmanaged
    {
        HostTypes.CheckSize<T>(Type);
        CheckRange(offset, count);
        return offset * Type.Size();
    }

    private void CheckRange(long offset, long count)
    {
        if (offset < 0 || offset > Length || count > Length - offset)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"{count} elements from {offset} do not lie within an arena of {Length}.");
    }

    private DeviceTensor Bytes(long offset, long count) => new(_block, Device, ElementType.UInt8, offset, [count]);
}
