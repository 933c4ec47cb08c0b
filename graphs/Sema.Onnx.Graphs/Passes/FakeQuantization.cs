using Sema.Onnx.Graphs.Functions;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Makes a quantised graph differentiable: integers give way to the floats that they stand for.</summary>
/// <remarks>
/// A pair of QuantizeLinear and DequantizeLinear becomes one <c>com.sema.FakeQuantize</c>, which has a gradient. An integer constant
/// behind DequantizeLinear becomes a float32 weight of the same name, followed by the same function: the weight moves freely, and what
/// the graph computes with is its nearest number in the file's integers. Run it when shapes are known.
/// </remarks>
internal static class FakeQuantization
{
    // What takes elements as they are, or chooses among them, so that it may as well come after the dequantisation with one scale.
    private static readonly HashSet<string> Movers =
        ["DepthToSpace", "Expand", "Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Slice", "SpaceToDepth", "Squeeze", "Tile", "Transpose", "Unsqueeze"];

    /// <summary>Runs the pass.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Model model)
    {
        var graph = model.Graph;
        var changed = false;
        while (graph.Nodes.Find(n => IsDequantize(n) && Raised(n) is not null) is { } node)
        {
            var (mover, axis) = (node[0].Producer!, Raised(node));
            graph.ReplaceNode(node, () => [graph.Emit(mover.OpType, [Dequantize(mover[0], node[1], node.Optional(2), axis!.Value), .. mover.Inputs.Skip(1)], mover.Attributes)]);
            changed = true;
        }

        RemoveUnread(graph);
        foreach (var constant in graph.Initializers.Where(v => QuantizationGrid.IsStored(v.Type)).ToList())
            changed |= Float(constant);
        foreach (var node in graph.AllNodes.Where(n => IsDequantize(n) && IsPair(n)).ToList())
        {
            var quantize = node[0].Producer!;
            changed |= Replace(node, quantize[0], node[0].Type);
        }

        RemoveUnread(graph);
        SemaFunctions.Attach(model);
        return changed;
    }

    /// <summary>Appends a DequantizeLinear.</summary>
    internal static Value Dequantize(Value integers, Value scale, Value? zero, long axis) =>
        integers.Graph.Emit("DequantizeLinear", [integers, scale, zero], ("axis", axis)).As(scale.Type);

    private static bool IsDequantize(Node node) => node is { OpType: "DequantizeLinear", Domain: "" or "com.microsoft" };

    // The axis of the scales before the mover, where the dequantisation can go there.
    private static long? Raised(Node node)
    {
        if (node[0].Producer is not { Domain.Length: 0 } mover || !Movers.Contains(mover.OpType))
            return null;
        if (IsSingle(node[1]))
            return node.Int("axis", 1);
        return mover.OpType == "Transpose" && mover.Ints("perm") is { } order && node.Int("block_size", 0) == 0 ? order[node.Axis("axis", 1, order.Length)] : null;
    }

    private static bool IsSingle(Value scale) => QuantizationGrid.Constant(scale) is { } tensor ? tensor.Count == 1
        : scale.Shape is { Rank: 0 } || scale.Producer is { OpType: "DynamicQuantizeLinear" };

    // A quantised constant becomes the weight that it stands for, if all who read it read the same numbers.
    private static bool Float(Value constant)
    {
        var graph = constant.Graph;
        var readers = graph.Nodes.Where(n => n.Inputs.Contains(constant) || n.Captured.Contains(constant)).ToList();
        if (readers.Count == 0 || graph.Outputs.Contains(constant) || !readers.All(n => IsDequantize(n) && n[0] == constant && n.Optional(2) != constant))
            return false;
        var integers = constant.Initializer!;
        var grids = readers.ConvertAll(n => QuantizationGrid.Of(n, integers));
        if (grids[0] is not { } grid || !grids.All(g => g is not null && g.IsSame(grid)))
            return false;
        var stored = constant.Type;
        (constant.Type, constant.Initializer) = (ElementType.Float32, Tensor.Floats([.. integers.Dims], grid.Dequantize(integers)));
        constant.Storage = new(stored, grid) { Dims = constant.Storage?.Dims };
        return readers.All(n => Replace(n, constant, stored));
    }

    private static bool IsPair(Node node) => IsDynamic(node) || (node[0].Producer is { OpType: "QuantizeLinear", Domain: "" or "com.microsoft" } quantize
        && AreSame(quantize[1], node[1]) && AreSame(quantize.Optional(2), node.Optional(2))
        && (IsSingle(node[1]) || (quantize.Int("axis", 1) == node.Int("axis", 1) && quantize.Int("block_size", 0) == node.Int("block_size", 0))));

    // Quantised in the range that it has when the graph runs.
    private static bool IsDynamic(Node node) => node[0].Producer is { OpType: "DynamicQuantizeLinear", Domain.Length: 0 } quantize
        && quantize.Outputs.Take(3).SequenceEqual(node.Inputs.Take(3));

    private static bool AreSame(Value? a, Value? b) => a == b || (a is not null && b is not null
        && QuantizationGrid.Constant(a) is { } one && QuantizationGrid.Constant(b) is { } other
        && one.Type == other.Type && one.Count == other.Count && one.Data.Span.SequenceEqual(other.Data.Span));

    private static bool Replace(Node node, Value x, ElementType integers)
    {
        var type = Integers(node, integers);
        if (!QuantizationGrid.IsStored(type) || (!IsSingle(node[1]) && x.Shape is null))
            return false;
        x.Graph.ReplaceNode(node, () =>
        {
            var scale = Spread(node, node[1], x);
            if (Float8.Of(type) is { } format)
                return [x.Graph.Call("FakeFloat8", [x, scale, scale.Like(-format.Largest), scale.Like(format.Largest)], ("to", (long)type), ("saturate", node[0].Producer?.Int("saturate", 1) ?? 1))];
            var limits = QuantizationGrid.Limits(type)!.Value;
            var zero = node.Optional(2) is { } given ? Spread(node, given.Cast(ElementType.Float32), x) : scale.Like(0);
            return [x.Graph.Call("FakeQuantize", [x, scale, limits.Least - zero, limits.Largest - zero])];
        });
        return true;
    }

    // The integers that nobody reads any more: whoever still read a weight's would keep it from becoming floats.
    private static void RemoveUnread(Graph graph)
    {
        var read = graph.Outputs.ToHashSet();
        foreach (var node in graph.Nodes.AsEnumerable().Reverse().ToList())
        {
            if (IsOfIntegers(node) && !node.Outputs.Exists(o => o is not null && read.Contains(o)))
            {
                graph.Nodes.Remove(node);
                node.Outputs.ForEach(o => graph.Remove(o!));
            }
            else
            {
                read.UnionWith(node.Inputs.OfType<Value>().Concat(node.Captured));
            }
        }
    }

    private static bool IsOfIntegers(Node node) => node.Outputs.TrueForAll(o => o is not null) && node.Optional(0)?.Type.IsFloat() != true
        ? node.OpType is "MatMulInteger" or "ConvInteger" or "Add" or "Cast" || Movers.Contains(node.OpType)
        : node.OpType == "QuantizeLinear";

    // The zero point says what the integers are; without one QuantizeLinear makes uint8.
    private static ElementType Integers(Node node, ElementType known) => node.Optional(2)?.Type
        ?? (node[0].Producer is { } quantize ? (ElementType)quantize.Int("output_dtype", (long)ElementType.UInt8) : known);

    // Scales as an array that broadcasts: along their axis, or each repeated over its block.
    private static Value Spread(Node node, Value scale, Value x)
    {
        if (IsSingle(node[1]))
            return scale.Reshape(x.Graph.Vector());
        var axis = node.Axis("axis", 1, x.Rank);
        var block = node.Int("block_size", 0);
        if (block >= x.KnownShape[axis].Size)
            return scale;
        if (block == 0)
            return scale.Reshape([.. Enumerable.Range(0, x.Rank).Select(i => i == axis ? -1L : 1)]);
        var repeated = scale.Unsqueeze(axis + 1).Expand(x.Graph.Vector([.. Enumerable.Range(0, x.Rank + 1).Select(i => i == axis + 1 ? block : 1)]));
        return repeated.Reshape([.. x.KnownShape.Sizes.Select((size, i) => i == axis ? -1 : size)]).Slice(axis, 0, x.KnownShape[axis].Size);
    }
}
