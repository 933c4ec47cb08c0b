using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

/// <summary>A tensor in the host's memory, at a fixed address: a batch, a scalar or a result, bound once and used for many runs.</summary>
internal sealed class HostTensor : DeviceTensor
{
    /// <summary>Creates a tensor of zeros.</summary>
    /// <param name="type">The elements' type; not strings.</param>
    /// <param name="shape">The sizes, outermost first; none for a scalar. At most 2 GiB in all.</param>
    /// <exception cref="ArgumentException">The type has no fixed size, or the tensor is too large.</exception>
    public HostTensor(ElementType type, params ReadOnlySpan<long> shape)
        : base(Allocate(type, shape), Device.Cpu, type, 0, shape)
    {
    }

    /// <summary>Gets the elements as bytes, row-major; valid until the tensor is disposed of.</summary>
    /// <exception cref="ObjectDisposedException">The tensor was disposed of.</exception>
    public Span<byte> Bytes => Block.Host<byte>(0, (int)Block.Bytes);

    /// <summary>Creates a tensor that holds a copy of elements.</summary>
    /// <typeparam name="T">The .NET type of the elements, which decides the tensor's.</typeparam>
    /// <param name="elements">The elements, row-major.</param>
    /// <param name="shape">The sizes, outermost first; none for a scalar.</param>
    /// <exception cref="ArgumentException">The elements are not as many as the sizes say, or no tensor holds the type.</exception>
    public static HostTensor Of<T>(ReadOnlySpan<T> elements, params ReadOnlySpan<long> shape)
        where T : unmanaged
    {
        var tensor = new HostTensor(HostTypes.TypeOf<T>(), shape);
        if (tensor.As<T>().Length != elements.Length)
        {
            tensor.Dispose();
            throw new ArgumentException($"{elements.Length} elements do not fill the shape {Graphs.Shape.Of(shape.ToArray())}.", nameof(elements));
        }

        elements.CopyTo(tensor.As<T>());
        return tensor;
    }

    /// <summary>Creates a scalar.</summary>
    /// <typeparam name="T">The .NET type of the element, which decides the tensor's.</typeparam>
    /// <param name="element">The element.</param>
    public static HostTensor Scalar<T>(T element)
        where T : unmanaged => Of(new ReadOnlySpan<T>(in element));

    /// <summary>Gets the elements as numbers, row-major; valid until the tensor is disposed of.</summary>
    /// <typeparam name="T">A .NET type of the elements' size.</typeparam>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    public Span<T> As<T>()
        where T : unmanaged
    {
        HostTypes.CheckSize<T>(Type);
        return MemoryMarshal.Cast<byte, T>(Bytes);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        Block.Dispose();
    }

    private static DeviceBlock Allocate(ElementType type, ReadOnlySpan<long> shape)
    {
        var bytes = (Int128)Tensor.ElementCount(shape) * HostTypes.SizeOf(type);
        if (bytes > int.MaxValue)
            throw new ArgumentException($"A {type} tensor of shape {Graphs.Shape.Of(shape.ToArray())} is larger than 2 GiB; use an arena.", nameof(shape));
        var block = DeviceMemory.Of(Device.Cpu).Allocate((long)bytes);
        block.ClearHost();
        return block;
    }
}
