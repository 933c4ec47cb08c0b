namespace Sema.Onnx.Graphs.Passes;

/// <summary>Slices that cut a value into pieces, each element into one of them, become one Split: their gradients are joined, not padded and added up.</summary>
internal static class SlicesToSplit
{
    /// <summary>Runs the pass; it does not reach into bodies.</summary>
    /// <returns>Whether anything changed.</returns>
    internal static bool Run(Graph graph)
    {
        var cuts = graph.Nodes.Select(Piece.Of).OfType<Piece>().GroupBy(p => (p.Node[0], p.Axis))
            .Select(g => (g.Key.Axis, Pieces: g.OrderBy(p => p.Start).ToList())).Where(cut => Covers(cut.Pieces)).ToList();
        foreach (var (axis, pieces) in cuts)
        {
            var first = pieces.MinBy(p => graph.Nodes.IndexOf(p.Node))!.Node;
            Node? split = null;
            graph.ReplaceNode(first, () =>
            {
                var sizes = graph.Vector([.. pieces.Select(p => p.End - p.Start)]);
                split = graph.AddNode("Split", "", [first[0], sizes], [("axis", axis)], pieces.Count);
                return [split.Outputs[pieces.FindIndex(p => p.Node == first)]!];
            });
            foreach (var piece in pieces.Where(p => p.Node != first))
                graph.ReplaceNode(piece.Node, () => [split!.Outputs[pieces.IndexOf(piece)]!]);
        }

        return cuts.Count > 0;
    }

    private static bool Covers(List<Piece> pieces) => pieces.Count > 1 && pieces[0].Start == 0 && pieces[^1].End == pieces[0].Size
        && pieces.Zip(pieces.Skip(1)).All(pair => pair.First.End == pair.Second.Start && pair.First.Start < pair.First.End);

    // A Slice of one axis of a known size, by constants and without gaps.
    private sealed record Piece(Node Node, long Axis, long Start, long End, long Size)
    {
        internal static Piece? Of(Node node)
        {
            if (node is not { OpType: "Slice", Domain.Length: 0 } || node[0].Shape is not { } shape || One(node, 1) is not { } start || One(node, 2) is not { } end
                || (node.Optional(4) is not null && One(node, 4) != 1))
                return null;
            var axis = node.Optional(3) is null ? 0 : One(node, 3) ?? -1 - shape.Rank;
            axis = axis < 0 ? axis + shape.Rank : axis;
            return axis >= 0 && axis < shape.Rank && shape[(int)axis] is { IsKnown: true, Size: var size } ? new(node, axis, Place(start, size), Place(end, size), size) : null;
        }

        private static long? One(Node node, int input) => node.Optional(input)?.Initializer is { Count: 1 } constant ? constant.ToInt64()[0] : null;

        private static long Place(long index, long size) => Math.Clamp(index < 0 ? index + size : index, 0, size);
    }
}
