using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Takes the gradient of a batch at w + ε, on the device, and puts w back to the bit.</summary>
internal sealed class SharpnessPass : IDisposable
{
    /// <summary>Elements of a piece.</summary>
    private const long Piece = 1 << 16;

    private readonly Engine _engine;
    private readonly SharpnessAware _options;
    private readonly Arena _weights;
    private readonly Arena? _sum;
    private readonly HostTensor _scale = new(ElementType.Float64), _eta;
    private readonly Session _move;
    private readonly Session? _length;
    private readonly List<Binding> _moves = [];
    private readonly List<(Binding Binding, HostTensor Squares)> _lengths = [];

    internal SharpnessPass(Engine engine, SharpnessAware options)
    {
        (_engine, _options) = (engine, options);
        _eta = HostTensor.Scalar(options.Eta);
        _weights = new(engine.Settings.Device, engine.Weights.Length);
        _sum = engine.Manifest.Accumulate ? new(engine.Settings.Device, engine.Gradients.Length) : null;
        _move = new(ModelWriter.Write(PerturbationGraph.Move(options.Adaptive)), engine.Settings);
        _length = options.Adaptive ? new(ModelWriter.Write(PerturbationGraph.Length()), engine.Settings) : null;
        for (long start = 0, all = engine.Weights.Length; start < all; start += Piece)
            Bind(start, Math.Min(Piece, all - start));
    }

    /// <summary>Puts the gradients of the step's batches so far aside, so that the next batch's stands alone.</summary>
    internal void Begin()
    {
        if (_sum is null)
            return;
        _sum.CopyFrom(_engine.Gradients);
        _engine.Gradients.Clear();
    }

    /// <summary>Computes the gradient at w + ε of the batch whose gradient at w was just computed; it is added to what was put aside.</summary>
    /// <param name="norm">‖g‖ at w.</param>
    /// <returns>The loss and the norm of the gradients now.</returns>
    internal StepResult ComputeGradients(double norm)
    {
        _weights.CopyFrom(_engine.Weights);
        var length = _length is null ? norm : AdaptiveLength();
        _scale.As<double>()[0] = length > 0 ? _options.Rho / length : 0;
        try
        {
            foreach (var binding in _moves)
                _move.Run(binding);
            if (_sum is not null)
                _engine.Gradients.CopyFrom(_sum);
            return _engine.ComputeGradients(statistics: false);
        }
        finally
        {
            _engine.Weights.CopyFrom(_weights);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var binding in _moves.Concat(_lengths.Select(l => l.Binding)))
            binding.Dispose();
        _move.Dispose();
        _length?.Dispose();
        foreach (var owned in _lengths.Select(l => (IDisposable)l.Squares).Append(_weights).Append(_scale).Append(_eta))
            owned.Dispose();
        _sum?.Dispose();
    }

    private double AdaptiveLength()
    {
        var squares = 0.0;
        foreach (var (binding, part) in _lengths)
        {
            _length!.Run(binding);
            squares += part.As<double>()[0];
        }

        return Math.Sqrt(squares);
    }

    private void Bind(long start, long length)
    {
        var (w, g) = (_engine.Weights.Slice(start, length), _engine.Gradients.Slice(start, length));
        var move = Bound(_move, w, g);
        move.BindInput(PerturbationGraph.Scale, _scale);
        move.BindOutput(PerturbationGraph.Result, w);
        _moves.Add(move);
        if (_length is null)
            return;
        var squares = new HostTensor(ElementType.Float64);
        var binding = Bound(_length, w, g);
        binding.BindOutput(PerturbationGraph.Squares, squares);
        _lengths.Add((binding, squares));
    }

    private Binding Bound(Session session, DeviceTensor w, DeviceTensor g)
    {
        var binding = new Binding(session);
        binding.BindInput(PerturbationGraph.W, w);
        binding.BindInput(PerturbationGraph.G, g);
        if (_options.Adaptive)
            binding.BindInput(PerturbationGraph.Eta, _eta);
        return binding;
    }
}
