using System.Runtime.CompilerServices;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Where a product of matrices finds its operands, in floats behind their beginnings: a type argument, so that each has machine code of its own.</summary>
internal interface ITileLayout
{
    /// <summary>Gets the distance between the numbers of a row of A.</summary>
    nint Step { get; }

    /// <summary>Gets where a row of A begins.</summary>
    nint Row(int row);

    /// <summary>Gets where a row of B begins.</summary>
    nint Line(nint line);
}

/// <summary>Rows at even distances.</summary>
/// <param name="lda">The distance between rows of A.</param>
/// <param name="step">The distance between a row's numbers.</param>
/// <param name="ldb">The distance between rows of B.</param>
internal readonly struct EvenLayout(nint lda, nint step, nint ldb) : ITileLayout
{
    /// <inheritdoc/>
    public nint Step
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => step;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Row(int row) => row * lda;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Line(nint line) => line * ldb;
}

/// <summary>Rows of A anywhere, their numbers side by side, and rows of B at even distances.</summary>
/// <param name="rows">Where each of A's 8 rows begins.</param>
/// <param name="ldb">The distance between rows of B.</param>
internal readonly unsafe struct ListedRows(int* rows, nint ldb) : ITileLayout
{
    /// <inheritdoc/>
    public nint Step
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Row(int row) => rows[row];

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Line(nint line) => line * ldb;
}

/// <summary>Rows of A at even distances, their numbers side by side, and rows of B anywhere.</summary>
/// <param name="lda">The distance between rows of A.</param>
/// <param name="lines">Where each of B's rows begins.</param>
internal readonly unsafe struct ListedLines(nint lda, int* lines) : ITileLayout
{
    /// <inheritdoc/>
    public nint Step
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Row(int row) => row * lda;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Line(nint line) => lines[line];
}
