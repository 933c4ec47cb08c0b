namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The matrices of a tensor, one for each place of its leading axes, read where they stand.</summary>
internal readonly unsafe struct MatrixView
{
    private readonly float* _data;
    private readonly int[] _sizes;
    private readonly long[] _strides;

    private MatrixView(float* data, int[] sizes, long[] strides)
    {
        _data = data;
        (_sizes, _strides) = (sizes, strides);
    }

    /// <summary>Gets how many matrices there are.</summary>
    internal int Count => _sizes[..^2].Aggregate(1, (n, size) => checked(n * size));

    /// <summary>Gets the rows of a matrix.</summary>
    internal int Rows => _sizes[^2];

    /// <summary>Gets the columns of a matrix.</summary>
    internal int Columns => _sizes[^1];

    /// <summary>Gets how far rows lie apart; 0 where one serves for all.</summary>
    internal long RowStride => _strides[^2];

    /// <summary>Gets how far the numbers of a row lie apart: 1, or 0 where one serves for all.</summary>
    internal long ColumnStride => _strides[^1];

    /// <summary>Gets the sizes, in the order in which the axes are seen.</summary>
    internal int[] Sizes => _sizes;

    /// <summary>Gets whether there is a tensor at all.</summary>
    internal bool IsNull => _data == null;

    /// <summary>Sees a tensor's axes in another order; the last stays the last.</summary>
    internal static MatrixView Of(KernelTensor tensor, int[] order)
    {
        var strides = Strides(tensor.Sizes);
        return new(tensor.Floats, [.. order.Select(axis => tensor.Sizes[axis])], [.. order.Select(axis => strides[axis])]);
    }

    /// <summary>Sees one of the parts of [batch, length, parts, heads, columns] as [batch, heads, length, columns].</summary>
    internal static MatrixView OfPart(KernelTensor tensor, int part)
    {
        int[] s = tensor.Sizes;
        var strides = Strides(s);
        return new(tensor.Data == 0 ? null : tensor.Floats + (part * strides[2]), [s[0], s[3], s[1], s[4]], [strides[0], strides[3], strides[1], strides[4]]);
    }

    /// <summary>Sees a tensor repeated along the axes that it lacks or has one place on.</summary>
    internal static MatrixView Repeated(KernelTensor tensor, int[] sizes)
    {
        var (own, missing) = (Strides(tensor.Sizes), sizes.Length - tensor.Sizes.Length);
        return new(tensor.Floats, sizes, [.. sizes.Select((_, axis) => axis < missing || tensor.Sizes[axis - missing] == 1 ? 0 : own[axis - missing])]);
    }

    /// <summary>Gets the first number of a matrix.</summary>
    internal float* At(int matrix)
    {
        long place = 0;
        for (var axis = _sizes.Length - 3; axis >= 0; axis--)
        {
            (matrix, var at) = Math.DivRem(matrix, _sizes[axis]);
            place += at * _strides[axis];
        }

        return _data + place;
    }

    private static long[] Strides(int[] sizes)
    {
        var strides = new long[sizes.Length];
        long stride = 1;
        for (var axis = sizes.Length - 1; axis >= 0; stride *= sizes[axis--])
            strides[axis] = stride;
        return strides;
    }
}
