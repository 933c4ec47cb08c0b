namespace Sema.Onnx.Graphs.Upgrade;

/// <summary>What adapters are written in: each changes one thing of a node and returns the node.</summary>
internal static class NodeEdits
{
    extension(Node node)
    {
        /// <summary>The graphs that the node runs.</summary>
        internal IEnumerable<Graph> Subgraphs() => node.Attributes.Select(a => a.Value).OfType<Graph>();

        internal Node As(string op)
        {
            node.OpType = op;
            return node;
        }

        internal Node With(Attribute attribute)
        {
            node.Set(attribute);
            return node;
        }

        internal Node Without(string attribute)
        {
            node.Remove(attribute);
            return node;
        }

        internal Node WithInput(int position, Value? value)
        {
            while (node.Inputs.Count <= position)
                node.Inputs.Add(null);
            node.Inputs[position] = value;
            return node;
        }

        /// <summary>Makes an attribute that lists integers, where given, a constant input.</summary>
        internal Node ListToInput(string attribute, int position) =>
            node.Attributes.FirstOrDefault(a => a.Name == attribute)?.Value is AttributeReference reference
                ? node.WithInput(position, node.Graph.Emit("Constant", [], ("value_ints", reference)).As(ElementType.Int64)).Without(attribute)
                : node.Ints(attribute) is { } list ? node.WithInput(position, node.Graph.Vector(list)).Without(attribute)
                : node;

        /// <summary>Makes the axes an input; none means all, given or not.</summary>
        internal Node AxesToInput() => node.Attributes.Any(a => a is { Name: "axes", Value: long[] { Length: 0 } })
            ? node.Without("axes")
            : node.ListToInput("axes", 1);

        /// <summary>Makes a float attribute, where given, a constant input of the first input's type.</summary>
        internal Node ScalarToInput(string attribute, int position, float? otherwise = null) => !node.Has(attribute) ? node
            : node.Float(attribute, 0) == otherwise ? node.Without(attribute)
            : node.WithInput(position, node[0].Like(node.Float(attribute, 0))).Without(attribute);

        /// <summary>Makes Dropout's ratio an input, which is a float32 whatever the data.</summary>
        internal Node RatioToInput() => !node.Has("ratio") ? node
            : node.WithInput(1, node.Graph.Scalar(node.Float("ratio", 0), ElementType.Float32)).Without("ratio");

        /// <summary>Gets whether anything reads a value of the node's graph.</summary>
        internal bool IsRead(Value value) => node.Graph.Outputs.Contains(value) || node.Graph.Nodes.Any(n => Reads(n, value));

        /// <summary>Drops the outputs from a position on: the standard left them open at inference, so nobody may read them.</summary>
        internal Node WithOutputs(int count)
        {
            foreach (var output in node.Outputs.Skip(count).OfType<Value>())
            {
                if (node.IsRead(output))
                {
                    throw new InvalidModelException(
                        $"The output '{output.Name}' of operator '{node.OpType}', node {node.Label}, is read, but it means something only in training. "
                        + "Export the model again for inference.");
                }

                node.Graph.Remove(output);
            }

            node.Outputs.RemoveRange(Math.Min(count, node.Outputs.Count), Math.Max(node.Outputs.Count - count, 0));
            return node;
        }

        /// <summary>Lets new values, which nothing reads yet, take the place of the outputs; the old ones keep their names and readers.</summary>
        internal Node? ReplacedBy(params IReadOnlyList<Value?> values)
        {
            node.WithOutputs(values.Count);
            foreach (var (old, made) in node.Outputs.Zip(values.ToArray()))
            {
                if (old is null || made?.Producer is not { } maker)
                    continue;
                maker.Outputs[maker.Outputs.IndexOf(made)] = old;
                maker.Name = old == node.Outputs.Find(o => o is not null) ? node.Name : "";   // a name is one node's
                old.Producer = maker;
                node.Graph.Remove(made);
            }

            return null;
        }
    }

    private static bool Reads(Node node, Value value) => node.Inputs.Contains(value)
        || node.Subgraphs().Any(g => g.Outputs.Contains(value) || g.Nodes.Any(n => Reads(n, value)));
}
