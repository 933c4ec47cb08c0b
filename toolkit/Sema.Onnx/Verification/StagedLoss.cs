using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification;

/// <summary>A float64 scalar that is computed many times, each time with one parameter moved: only what the parameter reaches runs again.</summary>
/// <remarks>
/// Parameters that reach about the same nodes share a graph of these nodes, whose other values were computed once and are inputs of it. One such
/// graph is held at a time: ask for the parameters group by group.
/// </remarks>
internal sealed class StagedLoss : IDisposable
{
    private readonly Model _model;
    private readonly Dictionary<string, Tensor> _tensors;
    private readonly IReadOnlyList<string[]> _groups;
    private readonly int _threads;
    private readonly OptimizationLevel _optimization;
    private readonly List<IReadOnlyList<string>> _borders;
    private BoundGraph? _stage;
    private int _at = -1;

    /// <param name="model">The graph, of which the loss is the one output.</param>
    /// <param name="tensors">The inputs by name.</param>
    /// <param name="groups">The parameters, by <see cref="Reach.Groups"/>.</param>
    /// <param name="threads">The number of threads; 0 for one a core.</param>
    /// <param name="optimization">How far ONNX Runtime may rewrite the graph.</param>
    /// <exception cref="RuntimeException">ONNX Runtime cannot run the graph.</exception>
    internal StagedLoss(Model model, IReadOnlyDictionary<string, Tensor> tensors, IReadOnlyList<string[]> groups, int threads, OptimizationLevel optimization)
    {
        (_model, _tensors, _groups, _threads, _optimization) = (model, new(tensors), groups, threads, optimization);
        _borders = [.. groups.Select(group => groups.Count == 1 ? [] : Reach.Border(model.Graph, group))];
        var whole = model.Graph.Extract(_borders.SelectMany(names => names).Prepend(TrainingGraphs.LossName));
        foreach (var value in whole.Outputs.Skip(1))
            (value.Type, value.Shape) = (ElementType.Undefined, null);   // for ONNX Runtime to say
        using var graph = Bound(whole);
        foreach (var (name, output) in graph.Run())
        {
            using (output)
            {
                if (name == TrainingGraphs.LossName)
                    Value = output.As<double>()[0];
                else
                    _tensors[name] = new(output.Type, [.. output.Shape], output.Bytes.ToArray());
            }
        }
    }

    /// <summary>Gets the scalar where no parameter is moved.</summary>
    internal double Value { get; }

    /// <summary>Gets a graph that a parameter can be moved in.</summary>
    /// <param name="parameter">Its name.</param>
    internal BoundGraph Of(string parameter)
    {
        var group = _groups.TakeWhile(g => !g.Contains(parameter)).Count();
        if (group == _at)
            return _stage!;
        Dispose();
        var graph = _model.Graph.Extract([TrainingGraphs.LossName]);
        HeldBranches.Hold(graph, _borders[group]);
        foreach (var name in _borders[group])
            (graph.Find(name)!.Type, graph.Find(name)!.Shape) = (_tensors[name].Type, Shape.Of(_tensors[name].Dims));
        _stage = Bound(graph.Extract([TrainingGraphs.LossName], keepInputs: _groups.Count == 1));
        _at = group;
        return _stage;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stage?.Dispose();
        (_stage, _at) = (null, -1);
    }

    private BoundGraph Bound(Graph graph) => new(Composer.Shell(_model, graph), _tensors, _threads, _optimization);
}
