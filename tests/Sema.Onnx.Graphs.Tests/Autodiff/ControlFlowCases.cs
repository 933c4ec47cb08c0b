using static Sema.Onnx.Graphs.Autodiff.Operand;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>Computes a body's results from its formal inputs x and from values c of the graph around.</summary>
internal delegate IEnumerable<Value> Computing(Graph body, IReadOnlyList<Value> x, IReadOnlyList<Value> c);

/// <summary>Branches and loops to differentiate: what goes in, what the bodies take from the graph around, what they compute.</summary>
internal static class ControlFlowCases
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientCase[]> Table = new()
    {
        ["If"] =
        [
            // a·b or sin a, which leaves b without a gradient
            .. Both((t, _, c) => [t.Emit("Mul", [c[0], c[1]])], (e, _, c) => [e.Emit("Sin", [c[0]])], F(2, 3), F(2, 3)),
            // two results: both, the first, the second; what is repeated is summed back
            .. from used in new[] { .., ..1, 1.. }
               from which in Both(
                   (t, _, c) => [t.Emit("MatMul", [c[0], c[1]]), t.Emit("Exp", [c[0]])],
                   (e, _, c) => [e.Emit("MatMul", [e.Emit("Tanh", [c[0]]), c[1]]), e.Emit("Add", [c[0], c[2]])], F(2, 3), F(3, 3), F(3))
               select which.Making(2, used),
            // a itself; a read twice
            .. Both((t, _, c) => [t.Emit("Identity", [c[0]])], (e, _, c) => [e.Emit("Mul", [c[0], c[0]])], F(2, 3)),
            // a branch within
            .. from inner in new byte[] { 0, 1 }
               from which in Both(
                   (t, _, c) => [Branch(t, c[2], b => b.Emit("Mul", [c[0], c[1]]), b => b.Emit("Sub", [c[0], c[1]]))], (e, _, c) => [e.Emit("Cos", [c[1]])],
                   F(2, 3), F(2, 3), B([], inner))
               select which,
        ],
        ["Loop"] =
        [
            // x = tanh(x W), 0 to 3 times
            .. from trips in new long[] { 0, 1, 3 }
               select Loop(Ids([], trips), null, F(2, 3)).Running(Body((b, x, c) => [x[1], b.Emit("Tanh", [b.Emit("MatMul", [x[2], c[0]])])], 3), F(3, 3)),
            // x = x·a·(k + 1), k = k + 1 while k + 1 < 4; never, too
            .. from start in new byte[] { 0, 1 }
               from trips in new Operand?[] { null, Ids([], 2), Ids([], 9) }
               select Loop(trips, B([], start), F(2, 3), Ids([], 0)).Making(2, ..1).Running(Body(Counted, 4), F(3)),
            // x = sin x, and (x + 1)·a stacked: both results, the state, the stack
            .. from used in new[] { .., ..1, 1.. }
               from trips in new long[] { used.Equals(..1) ? 0 : 1, 3 }
               select Loop(Ids([], trips), B([], 1), F(2, 3)).Making(2, used).Running(Body(
                   (b, x, c) => [x[1], b.Emit("Sin", [x[2]]), b.Emit("Mul", [b.Emit("Add", [x[2], c[0]]), c[0]])], 3), F(3)),
            // no state: a·i stacked
            Loop(Ids([], 4), null).Running(Body((b, x, c) => [x[1], b.Emit("Mul", [c[0], b.Emit("Cast", [x[0]], ("to", (long)ElementType.Float64))])], 2), F(2, 3)),
            // a, b = b, a·b, and a state that stays
            Loop(Ids([], 3), null, F(2), F(2), F(2)).Making(3).Running(Body((b, x, _) => [x[1], x[3], b.Emit("Mul", [x[2], x[3]]), x[4]], 5)),
            // a state whose result does not count but through another
            Loop(Ids([], 3), null, F(2), F(2)).Making(2, 1..).Running(Body((b, x, c) => [x[1], b.Emit("Mul", [x[2], c[0]]), b.Emit("Add", [x[3], b.Emit("Exp", [x[2]])])], 4), F(2)),
            // a row of a by the iteration
            Loop(Ids([], 3), null, F(2)).Running(Body((b, x, c) => [x[1], b.Emit("Mul", [x[2], b.Emit("Gather", [c[0], x[0]])])], 3), F(3, 2)),
            // a branch within: x·a where i < 2, then x + a
            Loop(Ids([], 4), null, F(2, 3)).Running(Body((b, x, c) =>
                [x[1], Branch(b, b.Emit("Less", [x[0], b.Integer(2)]), t => t.Emit("Mul", [x[2], c[0]]), e => e.Emit("Add", [x[2], c[0]]))], 3), F(2, 3)),
            // a loop within: x = sin x · a, i times in iteration i, and its start stacked
            Loop(Ids([], 3), null, F(2, 3)).Making(2).Running(Body((b, x, c) =>
                [x[1], b.AddNode("Loop", "", [x[0], null, x[2]], Body((n, z, _) => [z[1], n.Emit("Mul", [n.Emit("Sin", [z[2]]), c[0]])], 3)(b, c), 1).Output.As(ElementType.Undefined), b.Emit("Exp", [x[2]])], 3), F(2, 3)),
        ],
    };

    /// <summary>Scans, which are written as loops before they are differentiated.</summary>
    internal static readonly GradientCase[] Scans =
    [
        // h = tanh(h + x W), stacked
        Scan(1, F(2), F(4, 3)).Making(2).Running(Each(Recurrent, 2), F(3, 2)),
        Scan(1, F(2), F(4, 3)).Making(2, 1..).Also(("scan_input_directions", [1]), ("scan_output_directions", [1])).Running(Each(Recurrent, 2), F(3, 2)),
        Scan(1, F(2), F(3, 4)).Making(2).Also(("scan_input_axes", [-1]), ("scan_output_axes", [1])).Running(Each(Recurrent, 2), F(3, 2)),
        Scan(1, F(2), F(3, 4)).Making(2, ..1).Also(("scan_input_axes", [1]), ("scan_output_axes", [-1])).Running(Each(Recurrent, 2), F(3, 2)),
        // two states, two sequences, one backwards and along another axis
        Scan(2, F(2), F(2), F(3, 2), F(2, 3)).Making(4).Also(("scan_input_directions", [0, 1]), ("scan_input_axes", [0, 1]), ("scan_output_directions", [1, 0])).Running(Each(
            (b, x, _) => [b.Emit("Mul", [x[0], x[2]]), b.Emit("Add", [x[1], b.Emit("Sin", [x[3]])]), b.Emit("Mul", [x[0], x[1]]), x[3]], 4)),
        // no state
        Scan(1, F(4, 3)).Running(Each((b, x, c) => [b.Emit("MatMul", [x[0], c[0]])], 1), F(3, 2)),
    ];
#pragma warning restore format

    /// <summary>An If with one result.</summary>
    internal static Value Branch(Graph graph, Value condition, Func<Graph, Value> then, Func<Graph, Value> otherwise) =>
        graph.AddNode("If", "", [condition], [Made("then_branch", graph, then), Made("else_branch", graph, otherwise)], 1).Output.As(ElementType.Undefined);

    private static Attribute Made(string name, Graph graph, Func<Graph, Value> result)
    {
        var body = new Graph(name, graph);
        body.Outputs.Add(result(body));
        return new(name, body);
    }

    private static GradientCase Loop(Operand? trips, Operand? condition, params Operand[] states) => new([trips, condition, .. states]);

    private static GradientCase Scan(long sequences, params Operand[] inputs) => new GradientCase(inputs).With(("num_scan_inputs", sequences));

    private static IEnumerable<GradientCase> Both(Computing then, Computing otherwise, params Operand[] around) =>
        from condition in new byte[] { 0, 1 }
        select new GradientCase(B([], condition)).Running((g, c) => [Made("then_branch", g, 0, then, c), Made("else_branch", g, 0, otherwise, c)], around);

    /// <summary>The body of a Loop; what it passes on as it came goes through Identity, as ONNX demands of what a graph gives.</summary>
    private static Func<Graph, IReadOnlyList<Value>, IEnumerable<Attribute>> Body(Computing compute, int formals) => (g, c) => [Made("body", g, formals, compute, c, ElementType.Int64, ElementType.Bool)];

    private static Func<Graph, IReadOnlyList<Value>, IEnumerable<Attribute>> Each(Computing compute, int formals) => (g, c) => [Made("body", g, formals, compute, c)];

    private static Attribute Made(string name, Graph graph, int formals, Computing compute, IReadOnlyList<Value> c, params ElementType[] types)
    {
        var body = new Graph(name, graph);
        for (var i = 0; i < formals; i++)
            body.AddInput(body.UniqueName("x"), types.ElementAtOrDefault(i), i < types.Length ? Shape.Of() : null);
        body.Outputs.AddRange(compute(body, [.. body.Inputs], c).Select(y => body.Inputs.Contains(y) ? body.Emit("Identity", [y]) : y));
        return new(name, body);
    }

    private static IEnumerable<Value> Counted(Graph b, IReadOnlyList<Value> x, IReadOnlyList<Value> c)
    {
        var next = b.Emit("Add", [x[3], b.Integer(1)]);
        return [b.Emit("Less", [next, b.Integer(4)]), b.Emit("Mul", [b.Emit("Mul", [x[2], c[0]]), b.Emit("Cast", [next], ("to", (long)ElementType.Float64))]), next];
    }

    private static IEnumerable<Value> Recurrent(Graph b, IReadOnlyList<Value> x, IReadOnlyList<Value> c)
    {
        var next = b.Emit("Tanh", [b.Emit("Add", [x[0], b.Emit("MatMul", [x[1], c[0]])])]);
        return [next, b.Emit("Exp", [next])];
    }
}
