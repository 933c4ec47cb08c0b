using System.Runtime.InteropServices;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>What a block of scratch memory is for; a thread has one block of each.</summary>
internal enum ScratchUse
{
    /// <summary>The gathered windows that one thread works on.</summary>
    Columns,

    /// <summary>The tile that one thread works on.</summary>
    Tile,

    /// <summary>The transposed rows that one thread works on.</summary>
    Rows,

    /// <summary>Weights laid out anew, made by all threads for all.</summary>
    Weights,

    /// <summary>Sums of all threads.</summary>
    Sums,

    /// <summary>Where a product's rows and lines begin.</summary>
    Offsets,

    /// <summary>States that go from step to step.</summary>
    States,
}

/// <summary>Memory of a thread, kept from run to run and shared by all kernels, of which a thread runs one at a time.</summary>
internal static unsafe class Scratch
{
    private const nuint Alignment = 64;

    [ThreadStatic]
    private static Block[]? _blocks;

    /// <summary>Gets a block of floats on a cache line; what it holds is whatever was written last.</summary>
    /// <param name="use">Which of the calling thread's blocks.</param>
    /// <param name="count">How many floats are needed.</param>
    internal static float* Floats(ScratchUse use, long count)
    {
        _blocks ??= [.. Enum.GetValues<ScratchUse>().Select(_ => new Block())];
        return GuardedMemory.IsOn ? _blocks[(int)use].Anew(use, count) : _blocks[(int)use].AtLeast(count);
    }

    /// <summary>Finds what was written beside the calling thread's guarded blocks, or to one that it has asked for anew since.</summary>
    /// <exception cref="InvalidOperationException">There was such a write.</exception>
    internal static void Check()
    {
        for (var use = 0; _blocks != null && use < _blocks.Length; use++)
            _blocks[use].Check((ScratchUse)use);
    }

    private sealed class Block
    {
        private float* _data;
        private long _count;
        private GuardedMemory? _guarded, _former;

        ~Block() => NativeMemory.AlignedFree(_data);

        internal float* AtLeast(long count)
        {
            if (count <= _count)
                return _data;
            NativeMemory.AlignedFree(_data);
            _data = null;
            _count = 0;
            _data = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), Alignment);
            _count = count;
            return _data;
        }

        // For tests: of exactly that size, and what was there before is nobody's any more.
        internal float* Anew(ScratchUse use, long count)
        {
            Check(use);
            _former?.Free();
            _former = _guarded;
            _former?.Clear();
            _guarded = new(count * sizeof(float));
            return (float*)_guarded.Data;
        }

        internal void Check(ScratchUse use)
        {
            _former?.CheckUnwritten($"scratch memory for {use}");
            _guarded?.CheckMarks($"scratch memory for {use}");
        }
    }
}
