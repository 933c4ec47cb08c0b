using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs.Lowering;

/// <summary>A node in one of the forms of an operator that is written in others.</summary>
/// <param name="Op">The operator, with its domain.</param>
/// <param name="Name">What is special about the form.</param>
/// <param name="Build">Builds the node, whose outputs are those of the model.</param>
/// <param name="Opset">The standard operators that the model speaks.</param>
internal sealed record LoweringCase(string Op, string Name, Func<Graph, Node> Build, int Opset = 21)
{
    /// <summary>Gets whether the operator has kinks, which long steps of differences would cross.</summary>
    internal bool HasKinks { get; private init; }

    /// <summary>Gets whether the operator rounds, so that differences say nothing of its gradient.</summary>
    internal bool Rounds { get; private init; }

    internal LoweringCase Rounding() => this with { Rounds = true };

    internal LoweringCase Kinked() => this with { HasKinks = true };

    /// <summary>Builds the model anew; each time the same.</summary>
    internal Model Model()
    {
        var model = new Model(new Graph("case")) { Opsets = { [""] = Opset, [Lowerings.RuntimeDomain] = 1 } };
        var node = Build(model.Graph);
        node.Name = "the node";
        foreach (var output in node.Outputs.OfType<Value>())
            model.Graph.Outputs.Add(output.As(ElementType.Undefined));
        return model;
    }

    public override string ToString() => $"{Op}, {Name}";
}

/// <summary>What cases are written in.</summary>
internal static class LoweringSketch
{
    extension(Graph g)
    {
        /// <summary>A node of ONNX Runtime's own, with one output.</summary>
        internal Node Ms(string op, IEnumerable<Value?> inputs, params Attribute[] attributes) => g.Ms(op, 1, inputs, attributes);

        internal Node Ms(string op, int outputs, IEnumerable<Value?> inputs, params Attribute[] attributes) =>
            g.AddNode(op, Lowerings.RuntimeDomain, inputs, attributes, outputs);

        /// <summary>A node of the standard's domain.</summary>
        internal Node Op(string op, IEnumerable<Value?> inputs, params Attribute[] attributes) => g.Op(op, 1, inputs, attributes);

        internal Node Op(string op, int outputs, IEnumerable<Value?> inputs, params Attribute[] attributes) => g.AddNode(op, "", inputs, attributes, outputs);

        /// <summary>A float32 input that the gradient is taken of.</summary>
        internal Value In(params long[] sizes) => g.AddInput(g.UniqueName("x"), ElementType.Float32, Shape.Of(sizes));

        /// <summary>Integers that stand in the file.</summary>
        internal Value Int32(long[] sizes, params int[] elements) => g.AddInitializer(
            g.UniqueName("int32"), new Tensor(ElementType.Int32, sizes, MemoryMarshal.AsBytes<int>(elements).ToArray()));

        /// <inheritdoc cref="Int32"/>
        internal Value Int64(long[] sizes, params long[] elements) => g.AddInitializer(
            g.UniqueName("int64"), new Tensor(ElementType.Int64, sizes, MemoryMarshal.AsBytes<long>(elements).ToArray()));

        /// <summary>Conditions that stand in the file.</summary>
        internal Value Bools(long[] sizes, params byte[] elements) => g.AddInitializer(g.UniqueName("bools"), new Tensor(ElementType.Bool, sizes, elements));
    }

    extension(Node node)
    {
        /// <summary>The node without some of its outputs.</summary>
        internal Node Without(params int[] outputs)
        {
            foreach (var output in outputs)
            {
                node.Graph.Remove(node.Outputs[output]!);
                node.Outputs[output] = null;
            }

            return node;
        }
    }
}
