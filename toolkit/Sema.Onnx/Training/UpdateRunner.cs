using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Runs <c>update.onnx</c> over the arenas, in place.</summary>
/// <remarks>
/// Most graphs are elementwise over vectors of any length, so on the CPU they run over pieces that fit in a core's cache, each core a
/// piece: what one node writes the next still finds there, and memory is read and written once. The results are the same bits. An
/// optimizer that looks at whole parameters runs once a parameter.
/// </remarks>
internal sealed class UpdateRunner : IDisposable
{
    /// <summary>Elements of a piece on the CPU: about eight vectors of 128 KiB are at work at a time.</summary>
    private const long Piece = 1 << 15;

    private readonly Session _session;
    private readonly List<Binding> _bindings = [];
    private readonly HostTensor _step = Scalar(), _scale = Scalar(), _still = Scalar(), _first = HostTensor.Of<double>([1]);
    private readonly Dictionary<double, HostTensor> _rates = [];
    private readonly int[] _shadows;
    private readonly HostTensor[] _decays, _own;
    private readonly IReadOnlyList<string> _names;
    private readonly ParallelOptions _parallel;

    internal UpdateRunner(string path, Manifest manifest, Engine engine, Optimizer optimizer, SessionSettings settings)
    {
        // Pieces run side by side on threads of ours; within a piece one thread does all.
        _parallel = new() { MaxDegreeOfParallelism = settings.Device.IsCpu && settings.Threads == 0 ? Environment.ProcessorCount : Math.Max(settings.Threads, 1) };
        _session = new Session(path, settings with { Threads = 1, Profile = null });
        _shadows = [.. engine.Continuous];
        _decays = [.. _shadows.Select(_ => Scalar())];
        _own = [.. optimizer.Scalars.Select(_ => Scalar())];
        _names = optimizer.Scalars;
        foreach (var group in manifest.Layout.Groups)
        {
            var decay = HostTensor.Of<double>([group.WeightDecay ?? optimizer.WeightDecay]);
            _rates.TryAdd(group.RateScale, Scalar());
            foreach (var part in optimizer.IsPerParameter ? Whole(manifest, group) : Pieces(group, settings.Device.IsCpu ? Piece : group.Length))
                _bindings.Add(Bind(manifest, engine, group, part, decay));
        }
    }

    internal void Run(UpdateScalars scalars)
    {
        Set(_step, scalars.Step);
        foreach (var (scale, rate) in _rates)
            Set(rate, scalars.LearningRate * scale);
        Set(_scale, scalars.GradientScale);
        for (var k = 0; k < _decays.Length; k++)
            Set(_decays[k], scalars.Decays[_shadows[k]]);
        foreach (var (scalar, value) in _own.Zip(scalars.Own))
            Set(scalar, value);
        Parallel.ForEach(_bindings, _parallel, _session.Run);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var binding in _bindings)
            binding.Dispose();
        _session.Dispose();
        foreach (var scalar in _decays.Concat(_own).Concat(_rates.Values).Append(_step).Append(_scale).Append(_still).Append(_first))
            scalar.Dispose();
    }

    private Binding Bind(Manifest manifest, Engine engine, ParameterGroup group, Part part, HostTensor decay)
    {
        var binding = new Binding(_session);
        InPlace(UpdateGraph.Weights, engine.Weights);
        for (var i = 0; i < manifest.Slots.Count; i++)
            InPlace(manifest.Slots[i], engine.Slots[i]);
        for (var k = 0; k < _shadows.Length; k++)
        {
            InPlace(UpdateGraph.Average(k), engine.Shadows[_shadows[k]]);
            binding.BindInput(UpdateGraph.Decay(k), _decays[k]);
        }

        binding.BindInput(UpdateGraph.Gradients, engine.Gradients.Slice(part.Start, part.Length));
        binding.BindInput(UpdateGraph.GradientScale, _scale);

        // Running statistics are averaged but not trained: their gradient is 0, and so are their rate and decay;
        // every step is their first, so that no optimizer's slot holds on to older ones.
        binding.BindInput(UpdateGraph.LearningRate, group.Trained ? _rates[group.RateScale] : _still);
        binding.BindInput(UpdateGraph.WeightDecay, decay);
        if (_session.Inputs.ContainsKey(UpdateGraph.Step))
            binding.BindInput(UpdateGraph.Step, group.Trained ? _step : _first);
        foreach (var (name, scalar) in _names.Zip(_own))
            binding.BindInput(name, scalar);
        if (_session.Inputs.ContainsKey(UpdateGraph.Sizes))
            binding.BindInput(UpdateGraph.Sizes, HostTensor.Of<long>(part.Sizes, 3));
        return binding;

        void InPlace(string name, Arena arena)
        {
            var slice = arena.Slice(part.Start, part.Length);
            binding.BindInput(name, slice);
            binding.BindOutput(UpdateGraph.Next + name, slice);
        }
    }

    private static IEnumerable<Part> Pieces(ParameterGroup group, long piece)
    {
        for (var start = group.Start; start < group.Start + group.Length; start += piece)
            yield return new(start, Math.Min(piece, group.Start + group.Length - start), [1, 1, 1]);
    }

    private static IEnumerable<Part> Whole(Manifest manifest, ParameterGroup group) => manifest.Layout.Parameters.Where(p => p.Group == group.Name)
        .Select(p => new Part(p.Offset, p.Count, [p.Shape.Count > 1 ? p.Shape[0] : 1, p.Shape.Count > 1 ? p.Shape[^2] : 1, p.Shape.Count > 0 ? p.Shape[^1] : 1]));

    private static HostTensor Scalar() => new(ElementType.Float64);

    private static void Set(HostTensor scalar, double value) => scalar.As<double>()[0] = value;

    /// <summary>What one run of the graph moves: elements of the flat vectors, and the sizes of the parameter that they are.</summary>
    private readonly record struct Part(long Start, long Length, long[] Sizes);
}
