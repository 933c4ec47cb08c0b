using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Verification.Synthesis;

/// <summary>Changes a model that declares large images to smaller ones, for checks whose time grows with the pixels.</summary>
/// <remarks>
/// The same operators and weights run on less. The constant sizes of a Resize shrink with the images, and so do other constants that state
/// the size of a map where ONNX Runtime does not run the model without (<see cref="MapSizes"/>). Whatever else of the graph depends on the
/// size, ONNX Runtime judges: a model that it does not run at a size is not checked at it.
/// </remarks>
internal static class SmallerImages
{
    // Sides are multiples of this, so that the strides of most networks divide them.
    private const long Multiple = 32;

    // Networks that halve their maps five times still leave several pixels of the first.
    private static readonly long[] Sides = [64, 96, 128, 256];

    /// <summary>Gets the lengths for the shorter side that are worth a try, at most half of what is declared, shortest first.</summary>
    /// <param name="graph">The model's graph, as read.</param>
    /// <param name="given">The sizes that the caller has decided: such inputs stay.</param>
    internal static IEnumerable<long> Of(Graph graph, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        var declared = Images(graph, given).Select(i => Math.Min(i.Height, i.Width)).DefaultIfEmpty(0).Max();
        return Sides.Where(side => 2 * side <= declared);
    }

    /// <summary>Declares smaller images; nothing else in the graph keeps a declared shape.</summary>
    /// <param name="graph">The model's graph, as read.</param>
    /// <param name="side">The length of the shorter side.</param>
    /// <param name="fit">Whether constants that state the size of a map are brought to the map's new size, beyond those of a Resize.</param>
    /// <param name="given">The sizes that the caller has decided: such inputs stay.</param>
    /// <returns>The shapes that the file declares, by the inputs that were changed.</returns>
    internal static IReadOnlyDictionary<string, Shape> Declare(Graph graph, long side, bool fit, IReadOnlyDictionary<string, IReadOnlyList<long>> given)
    {
        var declared = new Dictionary<string, Shape>();
        HoistConstants.Run(graph);
        foreach (var value in graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>())
            value.Shape = null;
        foreach (var (input, axis, height, width) in Images(graph, given).ToList())
        {
            var (newHeight, newWidth) = (Shrunk(height, Math.Min(height, width), side), Shrunk(width, Math.Min(height, width), side));
            declared[input.Name] = input.Shape!;
            input.Shape = new(input.Shape!.Select((d, i) => i == axis ? new Dimension(newHeight) : i == axis + 1 ? new Dimension(newWidth) : d));
            if (declared.Count > 1)
                continue;
            var sizes = new MapSizes((newHeight, height), (newWidth, width));
            sizes.FitResizes(graph);
            if (fit)
                sizes.FitConstants(graph);
        }

        return declared;
    }

    // [n, c, h, w], or [n, h, w, c] where the last axis can only be colours; [c, h, w] or [h, w, c] of a single image.
    private static IEnumerable<(Value Input, int Axis, long Height, long Width)> Images(Graph graph, IReadOnlyDictionary<string, IReadOnlyList<long>> given) =>
        from input in graph.Inputs
        where input.Initializer is null && !given.ContainsKey(input.Name) && input.Shape is { Rank: 3 or 4 } && !input.Type.IsIndex()
        let shape = input.Shape
        let areColoursLast = shape[shape.Rank - 1] is { IsKnown: true, Size: <= 4 }
        where shape.Rank == 4 || areColoursLast || shape[0].Size == 3
        let axis = shape.Rank - (areColoursLast ? 3 : 2)
        where shape[axis].IsKnown && shape[axis + 1].IsKnown && Math.Min(shape[axis].Size, shape[axis + 1].Size) >= 2 * Sides[0]
        select (input, axis, shape[axis].Size, shape[axis + 1].Size);

    private static long Shrunk(long size, long shorter, long side) => Math.Max(1, (size * side + shorter * Multiple / 2) / (shorter * Multiple)) * Multiple;
}
