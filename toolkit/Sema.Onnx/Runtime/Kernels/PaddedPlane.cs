using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// A padded plane in scratch memory of the calling thread: what lies outside stays the same from plane to plane. With a stride, a row holds every
/// stride-th element side by side, phase after phase, so that what a tap sees of neighbouring windows are neighbours.
/// </summary>
internal sealed unsafe class PaddedPlane
{
    private readonly ConvGeometry _g;
    private readonly int _phaseWidth;

    // How far from a row's first window each tap reads.
    private readonly nint[] _offsets;
    private readonly float _outside;
    private float* _data;

    /// <summary>Lays a plane out.</summary>
    /// <param name="g">The windows, of at most two spatial axes.</param>
    /// <param name="outside">What the padding holds.</param>
    internal PaddedPlane(ConvGeometry g, float outside)
    {
        (_g, _outside) = (g, outside);
        OutputWidth = (g.Windows[2] + GemmTile.Vector - 1) / GemmTile.Vector * GemmTile.Vector;
        // Full vectors at the last tap stay inside the phase; so do all elements of the image that are copied.
        _phaseWidth = Math.Max(OutputWidth + ((g.Kernel[2] - 1) * g.Dilations[2] / g.Strides[2]), ((g.Before[2] + g.Plane[2]) / g.Strides[2]) + GemmTile.Vector) + 1;
        RowStride = _phaseWidth * g.Strides[2] * g.Strides[1];
        Rows = Math.Max(((g.Windows[1] - 1) * g.Strides[1]) + ((g.Kernel[1] - 1) * g.Dilations[1]), g.Before[1] + g.Plane[1]) + 1;
        _offsets = [.. Enumerable.Range(0, g.Taps).Select(Offset)];
    }

    internal int OutputWidth { get; }

    /// <summary>Gets the elements from a row of windows to the next.</summary>
    internal nint RowStride { get; }

    internal int Rows { get; }

    internal int Taps => _g.Taps;

    internal bool IsThreeByThree => _g.Kernel[1] == 3 && _g.Kernel[2] == 3;

    /// <summary>Gets how many floats it takes.</summary>
    internal long Size => (long)Rows * _phaseWidth * _g.Strides[2];

    /// <summary>Gets what a tap sees from the first window of a row on.</summary>
    internal float* At(int row, int tap) => _data + (row * RowStride) + _offsets[tap];

    private nint Offset(int tap)
    {
        var (y, x) = Math.DivRem(tap, _g.Kernel[2]);
        var (step, phase) = Math.DivRem(x * _g.Dilations[2], _g.Strides[2]);
        return (((y * _g.Dilations[1] * _g.Strides[2]) + phase) * _phaseWidth) + step;
    }

    private void CopyPhases(float* from, float* to)
    {
        var (column, phase) = Math.DivRem(_g.Before[2], _g.Strides[2]);
        for (var x = 0; x < _g.Plane[2]; x++)
        {
            to[(phase * _phaseWidth) + column] = from[x];
            if (++phase == _g.Strides[2])
                (phase, column) = (0, column + 1);
        }
    }

    /// <summary>Takes an image's plane in.</summary>
    internal void Fill(float* plane)
    {
        if (_data == null)
        {
            _data = Scratch.Floats(ScratchUse.Columns, Size);
            new Span<float>(_data, (int)Size).Fill(_outside);
        }

        for (var y = 0; y < _g.Plane[1]; y++)
        {
            var from = plane + (y * _g.Plane[2]);
            var to = _data + ((y + _g.Before[1]) * _g.Strides[2] * _phaseWidth);
            if (_g.Strides[2] == 1)
                CopyRow(from, _g.Plane[2], to + _g.Before[2], _outside);
            else if (_g.Strides[2] == 2)
                CopyHalves(from, _g.Plane[2], to + (_g.Before[2] / 2) + (_g.Before[2] % 2 * _phaseWidth), to + ((_g.Before[2] + 1) / 2) + ((_g.Before[2] + 1) % 2 * _phaseWidth), _outside);
            else
                CopyPhases(from, to);
        }
    }

    // Copies numbers, and what lies outside up to a whole vector.
    private static void CopyRow(float* from, int count, float* to, float outside)
    {
        for (var i = 0; i < count; i += GemmTile.Vector)
            Load(from + i, count - i, outside).Store(to + i);
    }

    // Every second number, from the first and from the second on.
    private static void CopyHalves(float* from, int count, float* first, float* second, float outside)
    {
        var even = Vector512<int>.Indices * 2;
        for (var i = 0; i < count; i += 2 * GemmTile.Vector)
        {
            var (lower, upper) = (Load(from + i, count - i, outside), Load(from + i + GemmTile.Vector, count - i - GemmTile.Vector, outside));
            Lanes.Choose(lower, even, upper).Store(first + (i / 2));
            Lanes.Choose(lower, even + Vector512<int>.One, upper).Store(second + (i / 2));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Load(float* from, int count, float outside) =>
        count >= GemmTile.Vector ? Vector512.Load(from) : Vector512.ConditionalSelect(Lanes.Mask(count), Lanes.Load(from, count), Vector512.Create(outside));
}
