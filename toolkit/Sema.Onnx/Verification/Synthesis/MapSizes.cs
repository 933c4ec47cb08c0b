using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification.Synthesis;

/// <summary>Finds the sizes of an image's maps in a graph's constants, and brings them to those of a smaller image.</summary>
/// <param name="height">The image's height, new and old.</param>
/// <param name="width">The image's width, new and old.</param>
/// <remarks>
/// A map is the image divided by a stride. That a number is the size of a map is a guess; a wrong one makes a model that ONNX Runtime does not
/// run, or one that computes something else on the same weights, whose gradients can be checked as well.
/// </remarks>
internal sealed class MapSizes((long New, long Old) height, (long New, long Old) width)
{
    // What detectors take maps at, and how many boxes they put on each place at most.
    private static readonly long[] Strides = [4, 8, 16, 32, 64, 128];
    private const int MostBoxes = 9;

    // Grids of places and box sizes in pixels are such multiples; trained weights are not.
    private const double Unit = 1.0 / 16;

    /// <summary>Fits the constant targets of all Resize nodes; what does not divide stays.</summary>
    internal void FitResizes(Graph graph)
    {
        foreach (var node in graph.Nodes.Where(n => n.OpType == "Resize"))
        {
            // All four sizes, or the last two behind those of the batch and the channels.
            var (reader, at) = node.Optional(3)?.Producer is { OpType: "Concat" } joined ? (joined, joined.Inputs.Count - 1) : (node, 3);
            if (Integers(reader, at) is not { Length: 2 or 4 } target)
                continue;
            (target[^2], target[^1]) = (Scaled(target[^2], height), Scaled(target[^1], width));
            Set(reader, at, target);
        }

        static long Scaled(long size, (long New, long Old) by) => size * by.New % by.Old == 0 ? size * by.New / by.Old : size;
    }

    /// <summary>Fits the constant shapes of Reshape and Expand nodes, and cuts constants that are laid over a map, such as a detector's grid, to its size.</summary>
    internal void FitConstants(Graph graph)
    {
        foreach (var node in graph.Nodes.Where(n => n.OpType is "Reshape" or "Expand"))
        {
            if (Integers(node, 1) is { } target && (Plane(target) ?? (node.OpType == "Reshape" ? Free(target) : null)) is { } fitted)
                Set(node, 1, fitted);
        }

        foreach (var value in graph.Initializers.Where(v => v.Type == ElementType.Float32 && !graph.Inputs.Contains(v)).ToList())
        {
            var (tensor, dims) = (value.Initializer!, value.Initializer!.Dims.ToArray());
            if ((Plane(dims) ?? Counts(dims)) is not { } sizes || !tensor.EnumerateFloat64().All(x => Math.IEEERemainder(x, Unit) == 0))
                continue;
            graph.Remove(value);
            graph.Replace(value, graph.AddInitializer(value.Name, Cut(tensor, sizes)));
        }
    }

    private static long[]? Integers(Node node, int at) => node.Optional(at)?.Initializer is { Type: ElementType.Int64 } tensor ? tensor.ToInt64() : null;

    private static void Set(Node node, int at, long[] elements) => node.Inputs[at] = node.Graph.AddInitializer(
        node.Graph.UniqueName(node.Inputs[at]!.Name), new(ElementType.Int64, [elements.Length], MemoryMarshal.AsBytes<long>(elements).ToArray()));

    // A map's height and width side by side, at their new sizes.
    private long[]? Plane(long[] sizes)
    {
        var at = Enumerable.Range(0, Math.Max(0, sizes.Length - 1))
            .FirstOrDefault(i => sizes[i] > 1 && height.Old % sizes[i] == 0 && sizes[i] * width.Old == sizes[i + 1] * height.Old && Divides(height.Old / sizes[i]), -1);
        if (at < 0)
            return null;
        var stride = height.Old / sizes[at];
        return [.. sizes[..at], height.New / stride, width.New / stride, .. sizes[(at + 2)..]];
    }

    // The number of places in one or several maps: whatever is left then. Where none is recognised, the largest size is taken for it.
    private long[]? Free(long[] sizes)
    {
        if (sizes.Contains(-1) || sizes.Length < 2)
            return null;
        var at = Enumerable.Range(1, sizes.Length - 1).MaxBy(i => (Places(sizes[i]) is not null, sizes[i]));
        return [.. sizes[..at], -1, .. sizes[(at + 1)..]];
    }

    private long[]? Counts(long[] sizes)
    {
        var at = Array.FindIndex(sizes, size => Places(size) is not null);
        return at < 0 ? null : [.. sizes[..at], Places(sizes[at])!.Value, .. sizes[(at + 1)..]];
    }

    // How many places (and boxes on them) the smaller image has in the maps of successive strides that have so many in the declared one.
    private long? Places(long count)
    {
        for (var first = 0; first < Strides.Length; first++)
        {
            var (old, @new) = (0L, 0L);
            foreach (var stride in Strides.Skip(first).TakeWhile(Divides))
            {
                old += height.Old / stride * (width.Old / stride);
                @new += height.New / stride * (width.New / stride);
                if (count >= old && count % old == 0 && count / old <= MostBoxes)
                    return count / old * @new;
            }
        }

        return null;
    }

    private bool Divides(long stride) => stride > 0 && Array.TrueForAll([height.Old, height.New, width.Old, width.New], size => size % stride == 0);

    // The first elements along each axis.
    private static Tensor Cut(Tensor tensor, long[] sizes)
    {
        var (all, kept) = (tensor.ToFloat32(), new List<float>());
        Copy(0, 0);
        return Tensor.Floats(sizes, kept.ToArray());

        void Copy(int axis, long from)
        {
            for (var i = 0L; i < sizes[axis]; i++)
            {
                if (axis == sizes.Length - 1)
                    kept.Add(all[from * tensor.Dims[axis] + i]);
                else
                    Copy(axis + 1, from * tensor.Dims[axis] + i);
            }
        }
    }
}
