using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

/// <summary>One block of a device's memory, freed when it is disposed of and no binding uses it any more.</summary>
/// <remarks>The address never leaves this class.</remarks>
internal sealed unsafe class DeviceBlock : SafeHandle
{
    /// <summary>The bytes that the first element's address is a multiple of: no two slices at this distance share a cache line.</summary>
    internal const int Alignment = 256;

    private readonly OrtAllocator _allocator;
    private readonly OrtMemoryInfo _memory;
    private readonly byte* _start;

    /// <summary>Allocates a block; its content is not defined.</summary>
    /// <param name="allocator">Where.</param>
    /// <param name="memory">What ONNX Runtime calls that place.</param>
    /// <param name="bytes">How many bytes.</param>
    /// <exception cref="RuntimeException">The device lacks the memory.</exception>
    internal DeviceBlock(OrtAllocator allocator, OrtMemoryInfo memory, long bytes)
        : base(0, ownsHandle: true)
    {
        (_allocator, _memory, Bytes) = (allocator, memory, bytes);
        SetHandle(NativeApi.Allocate(allocator, (nuint)bytes + Alignment));
        _start = (byte*)((handle + Alignment - 1) & -Alignment);
        var added = false;
        allocator.DangerousAddRef(ref added);
    }

    /// <summary>Gets the size.</summary>
    internal long Bytes { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Makes a tensor over a part of the block, which must lie within it.</summary>
    internal OrtValue Tensor(ElementType type, long offset, ReadOnlySpan<long> shape)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        return OrtValue.CreateTensorValueWithData(_memory, (TensorElementType)type, shape.ToArray(), (nint)(_start + offset), Bytes - offset);
    }

    /// <summary>Gets a part of a block of the host's memory, which must lie within it.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="count">How many elements.</param>
    internal Span<T> Host<T>(long offset, int count)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        return new(_start + offset, count);
    }

    /// <summary>Fills a block of the host's memory with zeros.</summary>
    internal void ClearHost() => NativeMemory.Clear(_start, (nuint)Bytes);

    /// <summary>Copies a block of the host's memory of the same size.</summary>
    internal void CopyFromHost(DeviceBlock source) => Buffer.MemoryCopy(source._start, _start, Bytes, Bytes);

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeApi.Free(_allocator, handle);
        _allocator.DangerousRelease();
        return true;
    }
}
