using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.OnnxRuntime;

namespace Sema.Onnx.Runtime;

/// <summary>The memory of one device, through ONNX Runtime's allocator; kept while the program runs, as the allocator is.</summary>
[SuppressMessage("Design", "CA1001", Justification = "Each instance is kept in a static table while the program runs.")]
internal sealed class DeviceMemory
{
    private static readonly ConcurrentDictionary<Device, Lazy<DeviceMemory>> Known = new();

    private readonly Device _device;
    private readonly OrtAllocator _allocator;
    private readonly OrtMemoryInfo _info;

    private DeviceMemory(Device device)
    {
        _device = device;
        OrtRuntime.Start();
        if (device.IsCpu)
        {
            (_allocator, _info) = (OrtAllocator.DefaultInstance, OrtMemoryInfo.DefaultInstance);
            return;
        }

        Transfer = new DeviceTransfer(device);
        _info = new OrtMemoryInfo(OrtMemoryInfo.allocatorCUDA, OrtAllocatorType.DeviceAllocator, device.Id, OrtMemType.Default);
        _allocator = new OrtAllocator(Transfer.Session.Native, _info);
    }

    /// <summary>Gets what copies to and from the device; <see langword="null"/> where plain copies do.</summary>
    internal DeviceTransfer? Transfer { get; }

    /// <summary>Gets the memory of a device.</summary>
    /// <exception cref="RuntimeUnavailableException">The device's provider cannot be loaded.</exception>
    internal static DeviceMemory Of(Device device) => Known.GetOrAdd(device, d => new(() => new DeviceMemory(d))).Value;

    /// <summary>Allocates a block whose content is not defined.</summary>
    /// <exception cref="RuntimeException">The device lacks the memory.</exception>
    internal DeviceBlock Allocate(long bytes)
    {
        try
        {
            return new(_allocator, _info, bytes);
        }
        catch (RuntimeException e)
        {
            throw new RuntimeException(
                $"Allocating {bytes} bytes on '{_device}' failed ({e.Message.TrimEnd('.')}); use a smaller batch or model, or another device.", e);
        }
    }
}
