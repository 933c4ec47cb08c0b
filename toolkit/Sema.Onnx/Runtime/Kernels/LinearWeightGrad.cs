using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// dW = dYᵀ X, or Xᵀ dY, and db = Σ dY: threads share out blocks of dW, each small enough for a core's second-level cache; what a block reads of X
/// and dY is copied there some rows at a time.
/// </summary>
/// <param name="turned">Whether dW is Xᵀ dY.</param>
internal sealed unsafe class LinearWeightGrad(bool turned) : Kernel
{
    // Rows at a time: 48 columns of them stay in a core's first-level cache.
    private const int Depth = 128;

    // The sums of a block.
    private const long Sums = 1 << 17;

    private const int Vector = GemmTile.Vector;

    internal static readonly KernelDefinition Definition = new(
        "LinearWeightGrad", [ElementType.Float32, ElementType.Float32], [ElementType.Float32, ElementType.Float32], _ => new LinearWeightGrad(turned: false))
    { Sizes = ["N O", "N I"] };

    internal static readonly KernelDefinition Turned = new(
        "LinearWeightGradTurned", [ElementType.Float32, ElementType.Float32], [ElementType.Float32, ElementType.Float32], _ => new LinearWeightGrad(turned: true))
    { Sizes = ["N O", "N I"] };

    internal override void Compute(KernelContext context)
    {
        KernelTensor dY = context.Input(0), x = context.Input(1);
        var (a, b) = turned ? (x, dY) : (dY, x);
        KernelTensor dW = context.Output(0, a.Sizes[1], b.Sizes[1]), db = context.Output(1, dY.Sizes[1]);
        var (across, down) = Cut(a.Sizes[1], b.Sizes[1]);
        context.Parallel(across * down, piece =>
        {
            var (part, side) = Math.DivRem(piece, down);
            var (rows, lanes) = (Part(a.Sizes[1], GemmTile.Rows, part, across), Part(b.Sizes[1], GemmTile.Lanes, side, down));
            if (turned)
                Block(a, rows, null, b, lanes, part == 0 ? db.Floats : null, dW.Floats);
            else
                Block(a, rows, side == 0 ? db.Floats : null, b, lanes, null, dW.Floats);
        });
    }

    // How many parts the rows and the lanes of dW are cut into: enough for all threads, none too large.
    private static (int Across, int Down) Cut(int rows, int lanes)
    {
        var (across, down) = (1, 1);
        while ((across * down < Environment.ProcessorCount || (long)(rows / across) * (lanes / down) > Sums) && Math.Max(rows / across, lanes / down) > GemmTile.Lanes)
        {
            if (rows / across >= lanes / down)
                across *= 2;
            else
                down *= 2;
        }

        return (across, down);
    }

    private static (int From, int To) Part(int count, int unit, int part, int parts)
    {
        var units = (count + unit - 1) / unit;
        return (Math.Min(units * part / parts * unit, count), Math.Min(units * (part + 1) / parts * unit, count));
    }

    private static void Block(KernelTensor a, (int From, int To) rows, float* aSums, KernelTensor b, (int From, int To) lanes, float* bSums, float* dW)
    {
        // Without weights, a bias may still have a gradient.
        if ((rows.From == rows.To || lanes.From == lanes.To) && aSums == null && bSums == null)
            return;
        int height = GemmTile.Whole(rows.To - rows.From, Vector), width = GemmTile.Whole(lanes.To - lanes.From, Vector), depth = a.Sizes[0];
        nint left = Spread(height), right = Spread(width);
        float* aRows = Scratch.Floats(ScratchUse.Columns, Depth * (left + right)), bRows = aRows + (Depth * left);
        float* sums = Scratch.Floats(ScratchUse.Tile, (height * right) + Math.Max(height, width)), someSums = sums + (height * right);
        Clear(aSums, rows);
        Clear(bSums, lanes);
        var chunks = Math.Max(1, (depth + Depth - 1) / Depth);
        for (var chunk = 0; chunk < chunks; chunk++)
        {
            int from = (int)((long)depth * chunk / chunks), count = (int)((long)depth * (chunk + 1) / chunks) - from;
            Copy(a, from, count, rows, aRows, left, aSums, someSums);
            Copy(b, from, count, lanes, bRows, right, bSums, someSums);
            GemmTile.Product(aRows, 1, left, bRows, right, count, sums, right, GemmTile.Whole(rows.To - rows.From, GemmTile.Rows), width, add: chunk > 0);
        }

        for (var row = rows.From; row < rows.To; row++)
            new ReadOnlySpan<float>(sums + ((row - rows.From) * right), lanes.To - lanes.From).CopyTo(new(dW + ((long)row * b.Sizes[1]) + lanes.From, lanes.To - lanes.From));
    }

    // Some rows, each up to a whole vector; what they add up to is added to the sums.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(KernelTensor x, int row, int count, (int From, int To) columns, float* to, nint stride, float* sums, float* someSums)
    {
        var width = columns.To - columns.From;
        var from = x.Floats + ((long)row * x.Sizes[1]) + columns.From;
        if (sums != null)
            new Span<float>(someSums, GemmTile.Whole(width, Vector)).Clear();
        for (var i = 0; i < count; i++, from += x.Sizes[1], to += stride)
        {
            for (var column = 0; column < width; column += Vector)
            {
                var some = Lanes.Load(from + column, width - column);
                some.Store(to + column);
                if (sums != null)
                    (Vector512.Load(someSums + column) + some).Store(someSums + column);
            }
        }

        for (var column = 0; sums != null && column < width; column++)
            sums[columns.From + column] += someSums[column];
    }

    private static void Clear(float* sums, (int From, int To) part)
    {
        if (sums != null)
            new Span<float>(sums + part.From, part.To - part.From).Clear();
    }

    // An odd number of cache lines from row to row: they spread over all sets of a cache.
    private static nint Spread(int count) => ((GemmTile.Whole(count, Vector) / Vector) | 1) * Vector;
}
