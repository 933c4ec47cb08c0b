using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;
using Sema.Onnx.Runtime.Elementwise;

namespace Sema.Onnx.Training;

/// <summary>The update as one loop over the arenas: the optimizer, the clipping and the averages in one pass over memory.</summary>
internal sealed class UpdateLoop : UpdateRunner
{
    private readonly ElementwiseLoop _loop;
    private readonly Arena[] _streams;
    private readonly ParallelOptions _parallel;

    internal UpdateLoop(ElementwiseLoop loop, Manifest manifest, Engine engine, Optimizer optimizer, SessionSettings settings)
        : base(manifest, engine, optimizer)
    {
        _loop = loop;
        _streams = [.. loop.Streams.Select(Vector).OfType<Arena>()];
        _parallel = new() { MaxDegreeOfParallelism = settings.Cores };
    }

    /// <summary>Gets whether the run has all vectors and scalars of the graph.</summary>
    internal bool IsWhole => _streams.Length == _loop.Streams.Count && _loop.ScalarInputs.All(ScalarNames.Contains);

    /// <inheritdoc/>
    internal override void Run(UpdateScalars scalars)
    {
        foreach (var group in Layout.Groups)
            _loop.Run(_streams, _loop.Scalars(Scalars(group, scalars)), group.Start, group.Length, _parallel);
    }
}
