using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Training;

namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>Runs an update graph over vectors of its own, step by step.</summary>
internal sealed class UpdateRun : IDisposable
{
    private readonly Session _session;
    private readonly bool _inPlace;
    private readonly Dictionary<string, HostTensor> _vectors = [];
    private readonly IReadOnlyList<string> _own;
    private readonly StepScalars _scalars;
    private readonly long[] _sizes;
    private double _rate;
    private long _step;

    internal UpdateRun(Optimizer optimizer, int averages, float[] weights, bool inPlace, params long[] sizes)
    {
        (_own, _scalars) = (optimizer.Scalars, new StepScalars(optimizer, _ => _rate));
        _sizes = sizes.Length == 3 ? sizes : [1, 1, weights.Length];
        _inPlace = inPlace;
        _session = new Session(ModelWriter.Write(UpdateGraph.Build(optimizer, averages)));
        Add(UpdateGraph.Weights, weights);
        foreach (var slot in optimizer.Slots)
            Add(slot, new float[weights.Length]);
        for (var k = 0; k < averages; k++)
            Add(UpdateGraph.Average(k), weights);

        void Add(string name, float[] values) => _vectors[name] = HostTensor.Of<float>(values, values.Length);
    }

    /// <summary>Gets the names of the vectors that a step moves.</summary>
    internal IEnumerable<string> Names => _vectors.Keys;

    internal float[] this[string name] => _vectors[name].As<float>().ToArray();

    internal void Step(float[] gradient, double rate, double weightDecay = 0, double scale = 1, params double[] decays)
    {
        _rate = rate;
        using var binding = new Binding(_session);
        using var g = HostTensor.Of<float>(gradient, gradient.Length);
        binding.BindInput(UpdateGraph.Gradients, g);
        var scalars = new Dictionary<string, double>
        {
            [UpdateGraph.LearningRate] = rate,
            [UpdateGraph.WeightDecay] = weightDecay,
            [UpdateGraph.GradientScale] = scale,
            [UpdateGraph.Step] = ++_step,
        };
        for (var k = 0; k < decays.Length; k++)
            scalars[UpdateGraph.Decay(k)] = decays[k];
        foreach (var (name, value) in _own.Zip(_scalars.At(_step)))
            scalars[name] = value;
        if (_session.Inputs.ContainsKey(UpdateGraph.Sizes))
            binding.BindInput(UpdateGraph.Sizes, HostTensor.Of<long>(_sizes, 3));
        foreach (var (name, value) in scalars.Where(s => _session.Inputs.ContainsKey(s.Key)))
            binding.BindInput(name, HostTensor.Scalar(value));
        foreach (var (name, vector) in _vectors)
        {
            binding.BindInput(name, vector);
            if (_inPlace)
                binding.BindOutput(UpdateGraph.Next + name, vector);
            else
                binding.BindOutputToHost(UpdateGraph.Next + name);
        }

        _session.Run(binding);
        if (_inPlace)
            return;
        foreach (var (name, next) in binding.ReadHostOutputs())
        {
            next.As<float>().CopyTo(_vectors[name[UpdateGraph.Next.Length..]].As<float>());
            next.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var vector in _vectors.Values)
            vector.Dispose();
        _scalars.Dispose();
        _session.Dispose();
    }
}
