using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Fills in types and shapes inside the bodies of If, Loop and Scan as well, and what follows from them outside.</summary>
/// <remarks>
/// A runtime tells the values of a main graph only, and of a loop's results hardly more than the type. So it is asked about the nodes up to
/// the first with bodies, then about each body as a model of its own, whose inputs have the types and shapes that are known by then, and so on.
/// A branch that is known not to be taken is not asked about: it may not fit the sizes.
/// </remarks>
internal sealed class AnnotateBodies
{
    private static readonly HashSet<string> MakersOfSequences =
        ["SequenceConstruct", "SequenceEmpty", "SequenceErase", "SequenceInsert", "SequenceMap", "SplitToSequence", "Optional"];

    private readonly Model _model;
    private readonly Action<Model> _annotate;

    private AnnotateBodies(Model model, Action<Model> annotate) => (_model, _annotate) = (model, annotate);

    /// <summary>Annotates a model.</summary>
    /// <param name="model">The model; its inputs' shapes stay as they are.</param>
    /// <param name="annotate">Fills in the types and shapes of a model without bodies.</param>
    internal static void Run(Model model, Action<Model> annotate)
    {
        var plain = !model.Graph.Bodies.Any();

        // A sequence has no type here, so what is computed from one cannot be asked about by parts.
        if (plain || model.Graph.AllNodes.Any(n => MakersOfSequences.Contains(n.OpType)))
            annotate(model);
        if (!plain)
            new AnnotateBodies(model, annotate).Annotate(model.Graph);
    }

    private void Annotate(Graph graph)
    {
        var (plain, asked) = (new List<Node>(), 0);
        foreach (var node in graph.Nodes)
        {
            if (!node.Subgraphs().Any())
            {
                plain.Add(node);
                continue;
            }

            Ask();
            Enter(node);
        }

        Ask();

        void Ask()
        {
            if (plain.Count > asked)
                this.Ask(graph, plain);
            asked = plain.Count;
        }
    }

    private void Ask(Graph graph, IReadOnlyList<Node> nodes)
    {
        var alone = new Graph(graph.Name);
        var made = new HashSet<Value>();
        foreach (var node in nodes.Where(n => n.Inputs.All(x => x is null || made.Contains(x) || x.Initializer is not null || x.Type != ElementType.Undefined)))
        {
            foreach (var input in node.Inputs.OfType<Value>().Where(x => !made.Contains(x) && alone.Find(x.Name) is null))
            {
                if (input.Initializer is { } constant)
                    alone.AddInitializer(input.Name, constant);
                else if (input.Shape is { IsStatic: true } shape && input.Type == ElementType.Int64 && KnownIntegers.Of(input) is { } integers && integers.Length == shape.Count)
                    alone.AddInitializer(input.Name, new(ElementType.Int64, shape.Sizes, System.Runtime.InteropServices.MemoryMarshal.AsBytes(integers.AsSpan()).ToArray()));
                else
                    alone.AddInput(input.Name, input.Type, input.Shape);
            }

            // The nodes stay the graph's own: a file is made of names.
            alone.Nodes.Add(node);
            made.UnionWith(node.Outputs.OfType<Value>());
            foreach (var output in node.Outputs.OfType<Value>())
                alone.Add(output.Name);
        }

        if (alone.Nodes.Count == 0)
            return;
        var model = new Model(alone) { IrVersion = _model.IrVersion };
        foreach (var (domain, version) in _model.Opsets)
            model.Opsets[domain] = version;
        foreach (var function in _model.Functions)
            model.Functions.Add(function);
        _annotate(model);
        foreach (var value in made)
        {
            if (alone.Find(value.Name) is { } known && known.Type != ElementType.Undefined)
                (value.Type, value.Shape) = (known.Type, known.Shape ?? value.Shape);
        }
    }

    private void Enter(Node node)
    {
        if (node.OpType == "If" && node.Domain.Length == 0)
            Branches(node);
        else if (node.OpType is "Loop" or "Scan" && node.Domain.Length == 0 && node.Get<Graph>("body") is { } body)
            Iterate(node, body, node.OpType == "Loop" ? 0 : (int)node.Int("num_scan_inputs", 0));
    }

    private void Branches(Node node)
    {
        List<Graph> branches = InlineIf.Taken(node) is { } taken ? [taken] : [.. node.Subgraphs()];
        branches.ForEach(b => CheckSizes(node, b, inputs: 0, node.Outputs.Count));
        branches.ForEach(Annotate);
        for (var i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is { } output)
                (output.Type, output.Shape) = (branches[0].Outputs[i].Type, branches.Select(b => b.Outputs[i].Shape).Aggregate(Common));
        }
    }

    // States have their first shape, as far as the body keeps it.
    private void Iterate(Node node, Graph body, int sequences)
    {
        var isLoop = node.OpType == "Loop";
        var (front, states) = (isLoop ? 2 : 0, node.Inputs.Count - sequences - (isLoop ? 2 : 0));
        if (states < 0)
            throw new InvalidModelException($"Operator '{node.OpType}', node {node.Label}: {node.Inputs.Count} inputs are fewer than it needs.");
        CheckSizes(node, body, front + states + sequences, Math.Max(states, node.Outputs.Count) + (isLoop ? 1 : 0));
        if (isLoop)
        {
            (body.Inputs[0].Type, body.Inputs[0].Shape) = (ElementType.Int64, Shape.Of());
            (body.Inputs[1].Type, body.Inputs[1].Shape) = (ElementType.Bool, Shape.Of());
        }

        var formals = body.Inputs.GetRange(front, states + sequences);
        for (var i = 0; i < formals.Count; i++)
        {
            var (given, axis) = (node[front + i], i < states ? null : (long?)(node.Ints("scan_input_axes")?[i - states] ?? 0));
            (formals[i].Type, formals[i].Shape) = (given.Type, axis is { } a ? Without(given.Shape, a) : given.Shape);
        }

        var results = body.Outputs.Skip(isLoop ? 1 : 0).ToList();
        bool widened;
        do
        {
            Annotate(body);
            widened = false;
            for (var i = 0; i < states; i++)
            {
                var common = Common(formals[i].Shape, results[i].Shape);
                widened |= !Equals(common, formals[i].Shape);
                formals[i].Shape = common;
            }
        }
        while (widened);

        var count = isLoop ? LoopForm.Count(node) : sequences > 0 ? Size(node[states].Shape, node.Ints("scan_input_axes")?[0] ?? 0) : -1;
        for (var i = 0; i < node.Outputs.Count; i++)
        {
            if (node.Outputs[i] is { } output)
                (output.Type, output.Shape) = (results[i].Type, i < states ? formals[i].Shape : With(results[i].Shape, count, isLoop ? 0 : node.Ints("scan_output_axes")?[i - states] ?? 0));
        }
    }

    private static void CheckSizes(Node node, Graph body, int inputs, int outputs)
    {
        if (body.Inputs.Count < inputs || body.Outputs.Count < outputs)
        {
            throw new InvalidModelException($"Operator '{node.OpType}', node {node.Label}: its body '{body.Name}' takes {body.Inputs.Count} values and gives {body.Outputs.Count}; "
                + $"it has to take {inputs} and give {outputs}.");
        }
    }

    private static Shape? Common(Shape? a, Shape? b) => a is null || b is null || a.Rank != b.Rank ? null
        : new(a.Zip(b, (x, y) => x == y || (x.IsKnown && x.Size == y.Size) ? x : new Dimension(-1)));

    private static int At(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis);

    private static long Size(Shape? shape, long axis) => shape is null ? -1 : shape[At(axis, shape.Rank)].Size;

    private static Shape? Without(Shape? shape, long axis) => shape is null ? null : new(shape.Where((_, i) => i != At(axis, shape.Rank)));

    private static Shape? With(Shape? shape, long size, long axis) => shape is null ? null
        : new(shape.Take(At(axis, shape.Rank + 1)).Append(new(size)).Concat(shape.Skip(At(axis, shape.Rank + 1))));
}
