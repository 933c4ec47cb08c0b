using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Builds the gradient of a Loop: a Loop over the iterations that were done, the last first.</summary>
/// <remarks>
/// The loop itself also stacks, as scan outputs, the number of each iteration and those of its states that computing the body anew needs.
/// The gradient's body computes iteration i anew from them and pulls back the gradients of its states and of its row of each scan output. Its own
/// states are the gradients of the loop's states, and the sums of the gradients of what the body takes from the graph around.
/// </remarks>
internal sealed class LoopGradient
{
    private readonly Node _loop;
    private readonly Graph _graph;
    private readonly Graph _forward;
    private readonly Graph _body;
    private readonly IReadOnlyList<Value?> _dYs;
    private readonly Func<Value, bool> _wanted;
    private readonly int _states;
    private readonly List<Value> _xs;

    internal LoopGradient(Node loop, IReadOnlyList<Value?> dYs, Func<Value, bool> wanted)
    {
        (_loop, _graph, _forward) = (loop, loop.Graph, loop.Get<Graph>("body") ?? throw new InvalidModelException($"Operator 'Loop', node {loop.Label}, lacks its body."));
        (_states, _wanted) = (loop.Inputs.Count - 2, wanted);
        _dYs = [.. Enumerable.Range(0, _forward.Outputs.Count - 1).Select(i => i < dYs.Count ? dYs[i] : null)];
        _xs = [.. loop.Captured.Distinct().Where(x => x.Type.IsFloat() && wanted(x))];
        _body = new Graph($"{_forward.Name}_gradient", _graph);
    }

    private IEnumerable<int> States => Enumerable.Range(0, _states);

    internal List<(Value X, Value DX)> Build()
    {
        var active = Active();
        var iterations = Stack(_forward.Inputs[0]);
        var count = iterations.DynamicShape().Squeeze(0);
        var last = count - _graph.Integer(1);

        var k = _body.AddInput(_body.UniqueName("iteration"), ElementType.Int64, Shape.Of());
        var condition = _body.AddInput(_body.UniqueName("condition"), ElementType.Bool, Shape.Of());
        var dStates = active.ConvertAll(j => Formal("dstate", _loop[2 + j].Type, _forward.Inputs[2 + j].Shape));
        var sums = _xs.ConvertAll(x => Formal("sum", x.Type, x.Shape));

        // The body anew, at iteration i = count − 1 − k; that it was done says what its condition was.
        var i = _body.Emit("Sub", [last, k]).As(ElementType.Int64);
        i.Shape = Shape.Of();
        var saved = States.Select(j => Saved(_forward.Inputs[2 + j], i)).ToList();
        var map = new Dictionary<Value, Value> { [_forward.Inputs[0]] = i, [_forward.Inputs[1]] = True() };
        foreach (var j in States)
            map[_forward.Inputs[2 + j]] = saved[j];
        var results = _forward.CopyInto(_body, map).Skip(1).ToList();

        List<(Value, Value)> seeds = [.. active.Select((j, n) => (results[j], dStates[n]))];
        for (var s = _states; s < _dYs.Count; s++)
        {
            if (_dYs[s] is { } dS)
                seeds.Add((results[s], Row(dS, i, results[s])));
        }

        var entries = ExplicitCaptures.Entries(_body);
        var gradients = Differentiator.Pull(_body, seeds, [.. active.Select(j => saved[j]), .. _xs.SelectMany(x => entries[x]).Select(e => e.Output)]);
        _body.Outputs.Add(condition.Identity());
        _body.Outputs.AddRange(active.Select(j => gradients.GetValueOrDefault(saved[j])?.Identity() ?? ControlFlow.Zeros(saved[j])));
        _body.Outputs.AddRange(_xs.Select((x, n) => ControlFlow.OfCaptured(x, entries, gradients) is { } dX ? sums[n] + dX : sums[n].Identity()));
        _body.Prune();
        foreach (var j in States.Where(j => _body.Nodes.Contains(saved[j].Producer!)))
            saved[j].Producer!.Inputs[0] = Stack(Steady(j));

        Value[] start = [.. active.Select(j => _dYs[j] ?? ControlFlow.Zeros(_loop.NeedOutput(j, _loop[2 + j].Type))), .. _xs.Select(ControlFlow.Zeros)];
        var backward = _graph.AddNode("Loop", "", [count, null, .. start], [new("body", _body)], start.Length);
        List<Value> read = [.. active.Select(j => _loop[2 + j]), .. _xs];
        foreach (var (x, dX) in read.Zip(backward.Outputs))
            (dX!.Type, dX.Shape) = (x.Type, x.Shape);
        return [.. read.Zip(backward.Outputs, (x, dX) => (x, dX!)).Where((g, n) => n >= active.Count || _wanted(g.x))];
    }

    // The states that depend on what is wanted, in some iteration, and lead to a result that has a gradient, in this or a later one.
    private List<int> Active()
    {
        var entries = ExplicitCaptures.Entries(_forward);
        List<Value> taken = [.. _xs.SelectMany(x => entries[x]).Select(e => e.Output)], outputs = _forward.Outputs.GetRange(1, _dYs.Count);
        var floats = States.Where(j => _forward.Inputs[2 + j].Type.IsFloat()).ToList();
        var depend = Closed(floats.Where(j => _wanted(_loop[2 + j])), known => Path(known, outputs.Where(o => o.Type.IsFloat())), (path, j) => path.Contains(outputs[j]));
        var lead = Closed(floats.Where(j => _dYs[j] is not null),
            known => Path(depend, outputs.Where((_, n) => n < _states ? known.Contains(n) : _dYs[n] is not null)), (path, j) => path.Contains(Formal(j)));
        return [.. depend.Intersect(lead).Order()];

        Value Formal(int j) => _forward.Inputs[2 + j];

        GradientPath Path(IEnumerable<int> from, IEnumerable<Value> to) => GradientPath.Between(_forward, taken.Concat(from.Select(Formal)), to);

        HashSet<int> Closed(IEnumerable<int> start, Func<HashSet<int>, GradientPath> through, Func<GradientPath, int, bool> joins)
        {
            var known = start.ToHashSet();
            for (var before = -1; known.Count > before;)
            {
                before = known.Count;
                var path = through(known);
                known.UnionWith(floats.Where(j => joins(path, j)));
            }

            return known;
        }
    }

    private Value Formal(string name, ElementType type, Shape? shape) => _body.AddInput(_body.UniqueName(name), type, shape);

    private Value True() => _body.AddInitializer(_body.UniqueName("true"), new Tensor(ElementType.Bool, [], new byte[] { 1 }));

    // The stack's row is read by a node whose first input is set when it is known to be needed.
    private Value Saved(Value state, Value i)
    {
        var row = _body.Emit("Gather", [i, i], ("axis", 0));
        (row.Type, row.Shape) = (state.Type, state.Shape);
        return row;
    }

    private Value Row(Value stack, Value i, Value like)
    {
        var row = _body.Emit("Gather", [stack, i], ("axis", 0));
        (row.Type, row.Shape) = (like.Type, like.Shape);
        return row;
    }

    // What grows from iteration to iteration cannot be stacked.
    private Value Steady(int j) => LoopForm.IsSteady(_loop, j) ? _forward.Inputs[2 + j] : throw new InvalidModelException(
        $"Operator 'Loop', node {_loop.Label}: its state '{_forward.Inputs[2 + j].Name}' changes its size from iteration to iteration, and a gradient needs every one of them; freeze the weights that it reads or is made from.");

    // One more scan output of the loop: what a formal input of its body holds in each iteration.
    private Value Stack(Value formal)
    {
        for (var n = 0; n < _forward.Outputs.Count - 1; n++)
            _loop.NeedOutput(n, _forward.Outputs[n + 1].Type);
        var held = _forward.Emit("Identity", [formal]);
        held.Shape = formal.Shape;
        _forward.Outputs.Add(held);
        var stack = _loop.NeedOutput(_forward.Outputs.Count - 2, formal.Type);
        stack.Shape = formal.Shape is { } shape ? new([new Dimension(-1), .. shape]) : null;
        return stack;
    }
}
