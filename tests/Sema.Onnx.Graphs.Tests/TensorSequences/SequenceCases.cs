namespace Sema.Onnx.Graphs.TensorSequences;

/// <summary>Computes a tensor by way of sequences from x [4, 3], w [3] and an integer p, which is 1 in the first run and -2 in the second.</summary>
internal delegate Value Sequencing(Graph g, Value x, Value w, Value p);

/// <summary>Uses of each operator on sequences: what is known when the graph is built, and what only the run can tell.</summary>
internal static class SequenceCases
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, Sequencing> Table = new()
    {
        // One by one
        ["joined"]                          = (g, x, w, _) => Joined(g, Construct(g, x, x * w), 1),
        ["joined along a new axis"]         = (g, x, w, _) => Joined(g, Construct(g, x, x * w), -1, isNew: true),
        ["one of three"]                    = (g, x, w, _) => At(g, Construct(g, w, x * w, x), g.Integer(-2)),
        ["one of two, by the run"]          = (g, x, w, p) => At(g, Construct(g, x, x * w, x + w), p),
        ["nothing, then two more"]          = (g, x, w, _) => Joined(g, Insert(g, Insert(g, Empty(g), x), x * w, g.Integer(0)), 0),
        ["inserted before the last"]        = (g, x, w, _) => Joined(g, Insert(g, Construct(g, x, x + w), x * w, g.Integer(-1)), 1),
        ["inserted by the run"]             = (g, x, w, p) => Joined(g, Insert(g, Construct(g, x, x + w, x), x * w, p), 1),
        ["erased the last"]                 = (g, x, w, _) => Joined(g, Erase(g, Construct(g, x, x * w, w)), 0),
        ["erased one"]                      = (g, x, w, _) => Joined(g, Erase(g, Construct(g, w, x, x * w), g.Integer(-3)), 0),
        ["erased by the run"]               = (g, x, w, p) => Joined(g, Erase(g, Construct(g, x, x + w, x * w), p), 0),
        ["as many times as tensors"]        = (g, x, w, _) => x * w * g.Emit("SequenceLength", [Construct(g, x, w, x)]).As(ElementType.Int64).Cast(ElementType.Float64),

        // Cut
        ["rows"]                            = (g, x, w, _) => At(g, Cut(g, x, 0, keep: false), g.Integer(2)) * w,
        ["columns, the last"]               = (g, x, w, _) => At(g, Cut(g, x * w, -1, keep: true), g.Integer(-1)),
        ["rows of size 1, by the run"]      = (g, x, w, p) => At(g, Cut(g, x * w, 1, keep: false, g.Integer(1)), p),
        ["pieces of 3"]                     = (g, x, w, _) => At(g, Cut(g, x, 0, keep: true, g.Integer(3)), g.Integer(1)) * w,
        ["pieces of 1 and 3"]               = (g, x, w, _) => Joined(g, Erase(g, Cut(g, x * w, 0, keep: true, g.Vector(1, 3)), g.Integer(0)), 0),
        ["turned"]                          = (g, x, w, _) => Joined(g, Cut(g, x * w, 0, keep: false), 1, isNew: true),
        ["put side by side"]                = (g, x, w, _) => Joined(g, Cut(g, x * w, 0, keep: true), 1),
        ["columns below each other"]        = (g, x, w, _) => Joined(g, Cut(g, x * w, 1, keep: false), 0),
        ["a row more"]                      = (g, x, w, _) => Joined(g, Insert(g, Cut(g, x, 0, keep: false), w * 2), 0, isNew: true),
        ["a row more, by the run"]          = (g, x, w, p) => Joined(g, Insert(g, Cut(g, x, 0, keep: false), w * 2, p), 0, isNew: true),
        ["a row less"]                      = (g, x, w, _) => Joined(g, Erase(g, Cut(g, x * w, 0, keep: false)), 0, isNew: true),
        ["a row less, by the run"]          = (g, x, w, p) => Joined(g, Erase(g, Cut(g, x * w, 0, keep: false), p), 0, isNew: true),
        ["as many times as rows"]           = (g, x, w, _) => x * w * g.Emit("SequenceLength", [Cut(g, x, 0, keep: false)]).As(ElementType.Int64).Cast(ElementType.Float64),

        // Maps
        ["mapped one by one"]               = (g, x, w, _) => Joined(g, Map(g, (b, e) => [b.Emit("Mul", [e[0], w]), b.Emit("Sin", [e[0]])], Construct(g, x, w))[0], 0, like: x),
        ["mapped with another sequence"]    = (g, x, w, _) => Joined(g, Map(g, (b, e) => [b.Emit("Mul", [e[0], e[1]])], Cut(g, x, 0, keep: false), Cut(g, x * w, 0, keep: false))[0], 0, isNew: true),
        ["mapped with a tensor"]            = (g, x, w, _) => Joined(g, Map(g, (b, e) => [b.Emit("Sin", [e[0]]), b.Emit("Mul", [e[0], e[1]])], Cut(g, x, 0, keep: false), w)[1], 0, isNew: true),

        // Branches
        ["one branch or the other"]         = (g, x, w, p) => Joined(g, Branch(g, p, t => Construct(t, t.Emit("Mul", [x, w]), t.Emit("Sin", [x])), e => Construct(e, e.Emit("Cos", [x]), e.Emit("Add", [x, w]))), 1),
        ["two tensors, or the rows"]        = (g, x, w, p) => g.Emit("ReduceMean", [Joined(g, Branch(g, p, t => Construct(t, t.Emit("Identity", [w]), t.Emit("Sin", [w])), e => Cut(e, e.Emit("Mul", [x, w]), 0, keep: false)), 0, isNew: true), g.Vector(0)]),
        ["one of two is appended"]          = (g, x, w, p) => { var s = Construct(g, x, x + w); return Joined(g, Branch(g, p, t => Insert(t, s, t.Emit("Mul", [x, w])), e => Insert(e, s, e.Emit("Sin", [x]))), 0); },

        ["the last, if there is one"]       = (g, x, w, _) => { var s = Empty(g); return BranchOn(g, g.Emit("SequenceLength", [s]).As(ElementType.Int64).Greater(g.Integer(0)), t => At(t, s, t.Integer(-1)), e => e.Emit("Mul", [x, w])); },

        // Loops
        ["rows appended to nothing"]        = (g, x, w, _) => { var rows = Cut(g, x, 0, keep: false); return Joined(g, Loop(g, Empty(g), (b, i, s) => Insert(b, s, b.Emit("Mul", [At(b, rows, i), w]))), 1, isNew: true); },
        ["rows appended to one"]            = (g, x, w, _) => { var rows = Cut(g, x, 0, keep: false); return Joined(g, Loop(g, Construct(g, w), (b, i, s) => Insert(b, s, b.Emit("Mul", [At(b, rows, i), w]))), 0, isNew: true); },
        ["one of two is appended in turns"] = (g, x, w, _) => { var rows = Cut(g, x, 0, keep: false); return Joined(g, Loop(g, Empty(g), (b, i, s) => { var r = At(b, rows, i); return Branch(b, i, t => Insert(t, s, t.Emit("Mul", [r, w])), e => Insert(e, s, e.Emit("Sin", [r]))); }), 0, isNew: true); },
        ["two that change places"]          = (g, x, w, _) => Joined(g, Loop(g, Construct(g, x, x * w), (b, i, s) => Construct(b, b.Emit("Sin", [At(b, s, b.Integer(1))]), At(b, s, b.Integer(0)))), 0),
        ["the first goes, a last comes"]    = (g, x, w, _) => Joined(g, Loop(g, Construct(g, w, w * 2), (b, i, s) => Insert(b, Erase(b, s, b.Integer(0)), b.Emit("Mul", [At(b, s, b.Integer(-1)), w]))), 0, isNew: true),
        ["rows that turn round"]            = (g, x, w, _) => Joined(g, Loop(g, Cut(g, x, 0, keep: false), (b, i, s) => Insert(b, Erase(b, s), b.Emit("Mul", [At(b, s, b.Integer(0)), w]), b.Integer(0))), 0, isNew: true),
        ["the last is read and one appended"] = (g, x, w, _) => Joined(g, Loop(g, Construct(g, w), (b, i, s) => Insert(b, s, b.Emit("Sin", [At(b, s, b.Integer(-1))]))), 0, isNew: true),
        ["pieces of growing size appended"] = (g, x, w, _) => Joined(g, Loop(g, Empty(g), (b, i, s) => Insert(b, s, b.Emit("Mul", [w, b.Emit("Slice", [x, b.Vector(0), b.Emit("Add", [b.Emit("Reshape", [i, b.Vector(1)]), b.Vector(1)])])]))), 0),

        // Optional
        ["what an optional holds"]          = (g, x, w, _) => g.Emit("OptionalGetElement", [g.Emit("Optional", [x * w]).As(ElementType.Undefined)]),
        ["a sequence that an optional holds"] = (g, x, w, _) => Joined(g, g.Emit("OptionalGetElement", [g.Emit("Optional", [Construct(g, x, x * w)]).As(ElementType.Undefined)]).As(ElementType.Undefined), 1),
        ["whether there is something"]      = (g, x, w, _) => { var some = g.Emit("Optional", [x]).As(ElementType.Undefined); return BranchOn(g, g.Emit("OptionalHasElement", [some]).As(ElementType.Bool), t => t.Emit("Mul", [t.Emit("OptionalGetElement", [some]), w]), e => e.Emit("Sin", [x])).As(x.Type); },
    };
#pragma warning restore format

    private static Value Construct(Graph g, params Value[] elements) => g.Emit("SequenceConstruct", elements).As(ElementType.Undefined);

    private static Value Empty(Graph g) => g.Emit("SequenceEmpty", [], ("dtype", (long)ElementType.Float64));

    private static Value At(Graph g, Value sequence, Value position) => g.Emit("SequenceAt", [sequence, position]);

    private static Value Insert(Graph g, Value sequence, Value tensor, Value? position = null) => g.Emit("SequenceInsert", position is null ? [sequence, tensor] : [sequence, tensor, position]);

    private static Value Erase(Graph g, Value sequence, Value? position = null) => g.Emit("SequenceErase", position is null ? [sequence] : [sequence, position]);

    private static Value Cut(Graph g, Value x, long axis, bool keep, Value? sizes = null) =>
        g.Emit("SplitToSequence", sizes is null ? [x] : [x, sizes], ("axis", axis), ("keepdims", keep ? 1 : 0)).As(ElementType.Undefined);

    private static Value Joined(Graph g, Value sequence, long axis, bool isNew = false, Value? like = null)
    {
        if (like is not null)
            return g.Emit("SequenceAt", [sequence, g.Integer(0)]).As(like.Type) * g.Emit("SequenceAt", [sequence, g.Integer(1)]).As(like.Type);
        return g.Emit("ConcatFromSequence", [sequence], ("axis", axis), ("new_axis", isNew ? 1 : 0)).As(ElementType.Float64);
    }

    private static List<Value> Map(Graph g, Func<Graph, IReadOnlyList<Value>, IReadOnlyList<Value>> compute, params Value[] inputs)
    {
        var body = new Graph("map", g);
        var elements = inputs.Select(_ => body.AddInput(body.UniqueName("element"), ElementType.Float64, null)).ToList();
        body.Outputs.AddRange(compute(body, elements));
        var map = g.AddNode("SequenceMap", "", inputs, [new("body", body)], body.Outputs.Count);
        return map.Outputs.ConvertAll(o => o!.As(ElementType.Undefined));
    }

    private static Value Branch(Graph g, Value p, Func<Graph, Value> then, Func<Graph, Value> otherwise) => BranchOn(g, p.Greater(g.Integer(0)), then, otherwise);

    private static Value BranchOn(Graph g, Value condition, Func<Graph, Value> then, Func<Graph, Value> otherwise)
    {
        Graph t = new("then", g), e = new("else", g);
        t.Outputs.Add(then(t));
        e.Outputs.Add(otherwise(e));
        return g.Emit("If", [condition], new("then_branch", t), new("else_branch", e)).As(ElementType.Undefined);
    }

    // Three iterations.
    private static Value Loop(Graph g, Value start, Func<Graph, Value, Value, Value> next)
    {
        var body = new Graph("loop", g);
        var i = body.AddInput(body.UniqueName("i"), ElementType.Int64, Shape.Of());
        var condition = body.AddInput(body.UniqueName("condition"), ElementType.Bool, Shape.Of());
        var state = body.AddInput(body.UniqueName("state"), ElementType.Undefined, null);
        body.Outputs.AddRange([body.Emit("Identity", [condition]), next(body, i, state)]);
        return g.Emit("Loop", [g.Integer(3), null, start], new Attribute("body", body)).As(ElementType.Undefined);
    }
}
