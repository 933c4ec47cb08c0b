using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Runtime;

/// <summary>Copies bytes to, from and within a device whose memory the host cannot address, by running an Identity there.</summary>
internal sealed class DeviceTransfer : IDisposable
{
    /// <summary>The bytes that travel at once between host and device, by default.</summary>
    private const int DefaultChunk = 64 << 20;

    private readonly int _chunk;

    /// <summary>Prepares copies.</summary>
    /// <param name="device">The device.</param>
    /// <param name="chunk">The bytes that travel at once between host and device.</param>
    internal DeviceTransfer(Device device, int chunk = DefaultChunk) =>
        (Session, _chunk) = (new(Identity(), new() { Device = device, Threads = 1 }), chunk);

    /// <summary>Gets the session that copies, whose allocator the device's buffers come from.</summary>
    internal Session Session { get; }

    /// <summary>Copies from the host.</summary>
    /// <param name="source">The elements.</param>
    /// <param name="target">Makes a tensor of uint8 over a part of the target: (byte offset, bytes).</param>
    internal void ToDevice<T>(ReadOnlySpan<T> source, Func<long, long, DeviceTensor> target)
        where T : unmanaged
    {
        var step = Step<T>();
        for (var first = 0; first < source.Length; first += step)
        {
            var part = MemoryMarshal.AsBytes(source.Slice(first, Math.Min(step, source.Length - first)));
            using var staging = HostTensor.Of(part, part.Length);
            using var to = target((long)first * Unsafe.SizeOf<T>(), part.Length);
            Copy(staging, to);
        }
    }

    /// <summary>Copies to the host.</summary>
    /// <param name="source">Makes a tensor of uint8 over a part of the source: (byte offset, bytes).</param>
    /// <param name="target">Where to.</param>
    internal void ToHost<T>(Func<long, long, DeviceTensor> source, Span<T> target)
        where T : unmanaged
    {
        var step = Step<T>();
        for (var first = 0; first < target.Length; first += step)
        {
            var part = MemoryMarshal.AsBytes(target.Slice(first, Math.Min(step, target.Length - first)));
            using var staging = new HostTensor(ElementType.UInt8, part.Length);
            using var from = source((long)first * Unsafe.SizeOf<T>(), part.Length);
            Copy(from, staging);
            staging.Bytes.CopyTo(part);
        }
    }

    /// <summary>Copies a tensor of uint8 into another of the same shape.</summary>
    internal void Copy(DeviceTensor source, DeviceTensor target)
    {
        using var binding = new Binding(Session);
        binding.BindInput("source", source);
        binding.BindOutput("target", target);
        Session.Run(binding);
    }

    /// <inheritdoc/>
    public void Dispose() => Session.Dispose();

    private int Step<T>() => Math.Max(_chunk / Unsafe.SizeOf<T>(), 1);

    private static byte[] Identity()
    {
        var graph = new Graph("copy");
        var source = graph.AddInput("source", ElementType.UInt8, new Shape(new Dimension(-1, "count")));
        var target = graph.Emit("Identity", [source]);
        graph.Rename(target, "target");
        target.Shape = source.Shape;
        graph.Outputs.Add(target);
        return ModelWriter.Write(new Model(graph) { Opsets = { [""] = Model.Opset } });
    }
}
