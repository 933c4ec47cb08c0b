using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>The update as ONNX Runtime runs it.</summary>
/// <remarks>
/// Most graphs are elementwise over vectors of any length, so on the CPU they run over pieces that fit in a core's cache, each core a
/// piece: what one node writes the next still finds there. An optimizer that looks at whole parameters runs once a parameter.
/// </remarks>
internal sealed class UpdateSession : UpdateRunner
{
    /// <summary>Elements of a piece on the CPU: about eight vectors of 128 KiB are at work at a time.</summary>
    private const long Piece = 1 << 15;

    private readonly Session _session;
    private readonly List<Binding> _bindings = [];
    private readonly Dictionary<ParameterGroup, Dictionary<string, HostTensor>> _scalars = [];
    private readonly ParallelOptions _parallel;

    internal UpdateSession(string path, Manifest manifest, Engine engine, Optimizer optimizer, SessionSettings settings)
        : base(manifest, engine, optimizer)
    {
        // Pieces run side by side on threads of ours; within a piece one thread does all.
        _parallel = new() { MaxDegreeOfParallelism = settings.Device.IsCpu ? settings.Cores : 1 };
        _session = new Session(path, settings with { Threads = 1, Profile = null });
        foreach (var group in Layout.Groups)
        {
            var scalars = _scalars[group] = ScalarNames.Where(_session.Inputs.ContainsKey).ToDictionary(name => name, _ => new HostTensor(ElementType.Float64));
            foreach (var part in optimizer.IsPerParameter ? Whole(group) : Pieces(group, settings.Device.IsCpu ? Piece : group.Length))
                _bindings.Add(Bind(engine, scalars, part));
        }
    }

    /// <inheritdoc/>
    internal override void Run(UpdateScalars scalars)
    {
        foreach (var (group, tensors) in _scalars)
        {
            var values = Scalars(group, scalars);
            foreach (var (name, tensor) in tensors)
                tensor.As<double>()[0] = values[name];
        }

        Parallel.ForEach(_bindings, _parallel, _session.Run);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var binding in _bindings)
            binding.Dispose();
        _session.Dispose();
        foreach (var tensor in _scalars.Values.SelectMany(s => s.Values))
            tensor.Dispose();
        base.Dispose();
    }

    private Binding Bind(Engine engine, Dictionary<string, HostTensor> scalars, Part part)
    {
        var binding = new Binding(_session);
        foreach (var (name, arena) in Moved())
        {
            var slice = arena.Slice(part.Start, part.Length);
            binding.BindInput(name, slice);
            binding.BindOutput(UpdateGraph.Next + name, slice);
        }

        binding.BindInput(UpdateGraph.Gradients, engine.Gradients.Slice(part.Start, part.Length));
        foreach (var (name, tensor) in scalars)
            binding.BindInput(name, tensor);
        if (_session.Inputs.ContainsKey(UpdateGraph.Sizes))
            binding.BindInput(UpdateGraph.Sizes, HostTensor.Of<long>(part.Sizes, 3));
        return binding;
    }

    private static IEnumerable<Part> Pieces(ParameterGroup group, long piece)
    {
        for (var start = group.Start; start < group.Start + group.Length; start += piece)
            yield return new(start, Math.Min(piece, group.Start + group.Length - start), [1, 1, 1]);
    }

    private IEnumerable<Part> Whole(ParameterGroup group) => Layout.Parameters.Where(p => p.Group == group.Name)
        .Select(p => new Part(p.Offset, p.Count, [p.Shape.Count > 1 ? p.Shape[0] : 1, p.Shape.Count > 1 ? p.Shape[^2] : 1, p.Shape.Count > 0 ? p.Shape[^1] : 1]));

    /// <summary>What one run of the graph moves: elements of the flat vectors, and the sizes of the parameter that they are.</summary>
    private readonly record struct Part(long Start, long Length, long[] Sizes);
}
