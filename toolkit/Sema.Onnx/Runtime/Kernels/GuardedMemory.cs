using System.Runtime.InteropServices;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Memory between two marks, for tests: a write beside it is found, and what is read before it is written is no number.</summary>
internal sealed unsafe class GuardedMemory
{
    // Signalling NaNs: all that is computed from them is another NaN, so that it is told from them where it is written.
    private const uint Unwritten = 0x7FA5A5A5, Mark = 0x7F9C3C3C;
    private const int MarkBytes = 4096;

    private readonly long _count;
    private byte* _first;

    /// <summary>Takes memory, on a cache line.</summary>
    /// <param name="count">How many bytes, a multiple of 4.</param>
    internal GuardedMemory(long count)
    {
        _count = count;
        _first = (byte*)NativeMemory.AlignedAlloc((nuint)(count + (2 * MarkBytes)), 64);
        Words(0, MarkBytes).Fill(Mark);
        Words(MarkBytes + count, MarkBytes).Fill(Mark);
        Clear();
    }

    ~GuardedMemory() => NativeMemory.AlignedFree(_first);

    /// <summary>Gets or sets whether kernels work in guarded memory; not so by default, since it takes time.</summary>
    internal static bool IsOn { get; set; }

    /// <summary>Gets the first byte.</summary>
    internal nint Data => (nint)(_first + MarkBytes);

    /// <summary>Makes all of it unwritten.</summary>
    internal void Clear() => Words(MarkBytes, _count).Fill(Unwritten);

    /// <summary>Finds writes beside the memory.</summary>
    /// <exception cref="InvalidOperationException">There were some.</exception>
    internal void CheckMarks(string what)
    {
        Kernel.Require(!Words(0, MarkBytes).ContainsAnyExcept(Mark), $"{what}: written before its first element.");
        var behind = Words(MarkBytes + _count, MarkBytes).IndexOfAnyExcept(Mark);
        Kernel.Require(behind < 0, $"{what}: of {_count / sizeof(float)} floats, float {(_count / sizeof(float)) + behind} was written.");
    }

    /// <summary>Finds writes at all.</summary>
    /// <exception cref="InvalidOperationException">There were some.</exception>
    internal void CheckUnwritten(string what)
    {
        CheckMarks(what);
        Kernel.Require(!Words(MarkBytes, _count).ContainsAnyExcept(Unwritten), $"{what}: written after it was given up.");
    }

    /// <summary>Gives the memory back.</summary>
    internal void Free()
    {
        NativeMemory.AlignedFree(_first);
        _first = null;
    }

    private Span<uint> Words(long from, long count) => new(_first + from, checked((int)(count / sizeof(uint))));
}
