namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Memory of a kernel's own, kept from run to run and 64-byte aligned; its content is arbitrary.</summary>
internal sealed unsafe class Scratch
{
    private const int Alignment = 64;

    private float[] _floats = [];

    /// <summary>Gets room for so many floats; what was got before is given up.</summary>
    internal float* Floats(long count)
    {
        var needed = count + (Alignment / sizeof(float));
        if (_floats.Length < needed)
            _floats = GC.AllocateUninitializedArray<float>(checked((int)needed), pinned: true);
        var address = (nint)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_floats, 0);
        return (float*)((address + Alignment - 1) & ~(nint)(Alignment - 1));
    }
}
