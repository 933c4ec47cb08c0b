using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Runs <c>update.onnx</c> over the arenas, in place.</summary>
/// <remarks>
/// The graph is elementwise over vectors of any length, so on the CPU it runs over pieces that fit in a core's cache, each core a
/// piece: what one node writes the next still finds there, and memory is read and written once. The results are the same bits.
/// </remarks>
internal sealed class UpdateRunner : IDisposable
{
    /// <summary>Elements of a piece on the CPU: about eight vectors of 128 KiB are at work at a time.</summary>
    private const long Piece = 1 << 15;

    private readonly Session _session;
    private readonly List<Binding> _bindings = [];
    private readonly HostTensor _step = Scalar(), _scale = Scalar(), _rate = Scalar(), _still = Scalar();
    private readonly int[] _shadows;
    private readonly HostTensor[] _decays;
    private readonly ParallelOptions _parallel;

    internal UpdateRunner(string path, Manifest manifest, Engine engine, double weightDecay, SessionSettings settings)
    {
        // Pieces run side by side on threads of ours; within a piece one thread does all.
        _parallel = new() { MaxDegreeOfParallelism = settings.Device.IsCpu && settings.Threads == 0 ? Environment.ProcessorCount : Math.Max(settings.Threads, 1) };
        _session = new Session(path, settings with { Threads = 1 });
        _shadows = [.. engine.Continuous];
        _decays = [.. _shadows.Select(_ => Scalar())];
        foreach (var group in manifest.Layout.Groups)
        {
            var decay = HostTensor.Of<double>([group.Decays ? weightDecay : 0]);
            var piece = settings.Device.IsCpu ? Piece : group.Length;
            for (var start = group.Start; start < group.Start + group.Length; start += piece)
                _bindings.Add(Bind(manifest, engine, group, start, Math.Min(piece, group.Start + group.Length - start), decay));
        }
    }

    internal void Run(UpdateScalars scalars)
    {
        Set(_step, scalars.Step);
        Set(_rate, scalars.LearningRate);
        Set(_scale, scalars.GradientScale);
        for (var k = 0; k < _decays.Length; k++)
            Set(_decays[k], scalars.Decays[_shadows[k]]);
        Parallel.ForEach(_bindings, _parallel, _session.Run);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var binding in _bindings)
            binding.Dispose();
        _session.Dispose();
        foreach (var scalar in _decays.Append(_step).Append(_scale).Append(_rate).Append(_still))
            scalar.Dispose();
    }

    private Binding Bind(Manifest manifest, Engine engine, ParameterGroup group, long start, long length, HostTensor decay)
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

        binding.BindInput(UpdateGraph.Gradients, engine.Gradients.Slice(start, length));
        binding.BindInput(UpdateGraph.GradientScale, _scale);

        // Running statistics are averaged but not trained: their gradient is 0, and so are their rate and decay.
        binding.BindInput(UpdateGraph.LearningRate, group.Trained ? _rate : _still);
        binding.BindInput(UpdateGraph.WeightDecay, decay);
        if (_session.Inputs.ContainsKey(UpdateGraph.Step))
            binding.BindInput(UpdateGraph.Step, _step);
        return binding;

        void InPlace(string name, Arena arena)
        {
            var slice = arena.Slice(start, length);
            binding.BindInput(name, slice);
            binding.BindOutput(UpdateGraph.Next + name, slice);
        }
    }

    private static HostTensor Scalar() => new(ElementType.Float64);

    private static void Set(HostTensor scalar, double value) => scalar.As<double>()[0] = value;
}
