using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Inspection;

/// <summary>Gives the free axes of a model's inputs small sizes with which ONNX Runtime accepts the model.</summary>
internal static class FreeAxes
{
    private const long Batch = 2;

    // Tried in turn: most models take any length, images want multiples of 32 or at least their largest kernel, audio its frame.
    private static readonly long[] Sizes = [32, 64, 16, 224, 512, 1];

    private static readonly string[] StateNames = ["state", "hidden", "cache"];

    /// <summary>Fixes the axes and learns all shapes of the model.</summary>
    /// <param name="model">The model; its shapes are filled in.</param>
    /// <param name="inputShapes">The sizes of inputs by name; the others get small ones.</param>
    /// <returns>Why no sizes were accepted, the model being as it was then; <see langword="null"/> where some were.</returns>
    internal static string? Fix(Model model, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes)
    {
        var inputs = Composer.Inputs(model.Graph);
        var declared = inputs.Select(v => v.Shape).ToList();
        var leading = declared.Where(s => s is { Rank: > 0 }).Select(s => s![0].Symbol).OfType<string>().ToHashSet();
        string? refused = null;
        bool[] variants = inputs.Any(v => IsStateBatch(v, 1)) ? [true, false] : [false];
        foreach (var (size, inState) in Sizes.SelectMany(size => variants.Select(inState => (size, inState))))
        {
            for (var i = 0; i < inputs.Count; i++)
                inputs[i].Shape = inputShapes.TryGetValue(inputs[i].Name, out var given) ? Shape.Of(given) : declared[i] is { } shape ? Fixed(shape, leading, size, inState && IsStateBatch(inputs[i], 1)) : null;
            try
            {
                ShapeProbe.Annotate(model, new Dictionary<string, long>());
                return null;
            }
            catch (RuntimeException e)
            {
                refused ??= e.Message;
            }

            for (var i = 0; i < inputs.Count; i++)
                inputs[i].Shape = declared[i];
            if (inputs.All(v => inputShapes.ContainsKey(v.Name) || v.Shape is null or { IsStatic: true }))
                break;
        }

        return refused;
    }

    /// <summary>Learns the shapes inside a model, as they are for some sizes of the free axes, which stay free.</summary>
    internal static void Learn(Model model, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes)
    {
        var declared = model.Graph.Inputs.ConvertAll(v => v.Shape);
        Fix(model, inputShapes);
        for (var i = 0; i < declared.Count; i++)
            model.Graph.Inputs[i].Shape = declared[i];
    }

    /// <summary>Gets whether an axis without a name is likelier the batch of a recurrent state, <c>[layers, batch, hidden]</c>, than a length.</summary>
    internal static bool IsStateBatch(Value input, int axis) =>
        axis == 1 && input.Type.IsFloat() && input.Shape is { Rank: 3 } shape && shape[0].IsKnown && shape[2].IsKnown
        && shape[1] is { IsKnown: false, Symbol: null or "" }
        && (input.Graph.Inputs[0] != input || StateNames.Any(part => input.Name.Contains(part, StringComparison.OrdinalIgnoreCase)));

    private static Shape Fixed(Shape shape, HashSet<string> leading, long size, bool isState) => new(shape.Select((d, axis) =>
        d.IsKnown ? d : new Dimension(axis == 0 || isState || (d.Symbol is { } symbol && leading.Contains(symbol)) ? Batch : size)));
}
