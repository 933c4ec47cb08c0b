using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;
using Sema.Onnx.Verification.Synthesis;

namespace Sema.Onnx.Verification;

/// <summary>A model's loss and gradients in the precisions that a check compares: float64 and float32 where both run, else float32.</summary>
internal sealed class CheckedModel : IDisposable
{
    private readonly ProjectionComposer _composer;
    private readonly GradientCheckOptions _options;
    private readonly Dictionary<string, Tensor> _tensors = [];
    private readonly Model _training32;
    private readonly Model? _training64, _evaluation64;
    private readonly Dictionary<ElementType, StagedLoss?> _held = [];
    private StagedLoss? _loss;
    private readonly IReadOnlyList<string[]> _groups;

    // How many evaluations of a small model's loss take as long as preparing a stage. A large one's products take their time besides: so many
    // multiplications are as long as the rest of a node. Stages of √(cost · n) of n parameters save most in all.
    private const double StageCost = 10, NodeCost = 2.5e5;

    // How far the losses of two graphs in float64 may be apart, as a part of the loss's scale: rounding leaves 1e-12 or so.
    private const double Rounding = 1e-9;

    private double _scale, _value;

    /// <param name="composer">Makes the graphs.</param>
    /// <param name="parameters">The weights whose gradients are checked.</param>
    /// <param name="options">The seed and the threads.</param>
    /// <param name="change">Is done to the training graphs.</param>
    internal CheckedModel(ProjectionComposer composer, IReadOnlyList<string> parameters, GradientCheckOptions options, Action<Model> change)
    {
        (_composer, _options) = (composer, options);
        change(_training32 = composer.Training(ElementType.Float32));
        try
        {
            change(_training64 = composer.Training(ElementType.Float64));
            _evaluation64 = composer.Evaluation(ElementType.Float64);
        }
        catch (InvalidModelException e)
        {
            Float64Refused = e.Message;
        }

        var graph = (_evaluation64 ?? composer.Evaluation(ElementType.Float32)).Graph;
        var cost = StageCost / (1 + Multiplications.Of(composer.Values().Graph) / (NodeCost * graph.Nodes.Count));
        _groups = Reach.Groups(graph, parameters, (int)Math.Ceiling(Math.Sqrt(cost * parameters.Count)));
    }

    /// <summary>Gets the parameters in the order in which checking them takes least time.</summary>
    internal IEnumerable<string> Parameters => _groups.SelectMany(names => names);

    /// <summary>Gets why the model cannot be computed in float64, or <see langword="null"/> where it can; known after the first draw.</summary>
    internal string? Float64Refused { get; private set; }

    /// <summary>Gets the precision of the differences.</summary>
    internal ElementType Precision => Float64Refused is null ? ElementType.Float64 : ElementType.Float32;

    /// <summary>Computes the gradients on inputs, and prepares the loss there for differences.</summary>
    /// <param name="weights">The values of the weights by name.</param>
    /// <param name="inputs">The inputs by name.</param>
    /// <param name="draw">What the factors of the loss are drawn for.</param>
    /// <param name="loss">The loss.</param>
    /// <exception cref="RuntimeException">ONNX Runtime cannot run the training graph.</exception>
    /// <exception cref="InvalidModelException">A value that the loss is about is not finite.</exception>
    /// <exception cref="GraphMismatchException">The training graph and the evaluation graph do not compute the same loss in float64.</exception>
    internal DirectionalCheck At(IReadOnlyDictionary<string, Tensor> weights, IReadOnlyDictionary<string, Tensor> inputs, int draw, out double loss)
    {
        foreach (var (name, tensor) in weights.Concat(inputs))
            _tensors[name] = tensor;
        DrawFactors(draw);
        Dispose();
        var single = Gradients(_training32, ElementType.Float32);
        var exact = Exact();
        _loss ??= Staged(_composer.Evaluation(ElementType.Float32), _tensors);
        loss = _value = _loss.Value;
        if (exact?[TrainingGraphs.LossName][0] is { } beside && !(Math.Abs(beside - loss) <= Rounding * _scale))
            throw new GraphMismatchException(beside, loss, Rounding * _scale);
        return new(_loss, Held, exact ?? single, exact is null ? null : single, _scale);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var graph in _held.Values.Append(_loss))
            graph?.Dispose();
        _held.Clear();
        _loss = null;
    }

    // The loss with the choices held that the model makes in one of the precisions. A graph that does not meet the model at the point is
    // no piece of it, and not used.
    private StagedLoss? Held(ElementType choosing)
    {
        if (_held.TryGetValue(choosing, out var held))
            return held;
        if (_composer.Choices(choosing) is not { } choices)
            return _held[choosing] = null;
        var tensors = new Dictionary<string, Tensor>(_tensors);
        using (var graph = new BoundGraph(choices, _tensors, _options.Threads, Optimization(choosing)))
        {
            foreach (var (name, choice) in graph.Run())
            {
                using (choice)
                    tensors[name] = new(choice.Type, [.. choice.Shape], choice.Bytes.ToArray());
            }
        }

        var model = _composer.Held(Precision);
        foreach (var input in model.Graph.Inputs)
            input.Shape = Shape.Of(tensors[input.Name].Dims);
        held = Staged(model, tensors);
        if (!(Math.Abs(held.Value - _value) < (choosing == ElementType.Float64 ? Rounding : 1e-3) * _scale))
        {
            held.Dispose();
            held = null;
        }

        return _held[choosing] = held;
    }

    private StagedLoss Staged(Model model, Dictionary<string, Tensor> tensors) => new(model, tensors, _groups, _options.Threads, Optimization(Precision));

    // Beyond the basic level, ONNX Runtime's fusions round constants of float64 products to float32.
    private static OptimizationLevel Optimization(ElementType precision) =>
        precision == ElementType.Float64 ? OptimizationLevel.Basic : OptimizationLevel.All;

    private Dictionary<string, double[]>? Exact()
    {
        if (Float64Refused is not null)
            return null;
        try
        {
            var gradients = Gradients(_training64!, ElementType.Float64);
            _loss = Staged(_evaluation64!, _tensors);
            return gradients;
        }
        catch (RuntimeException e)
        {
            Float64Refused = e.Message;
            return null;
        }
    }

    private Dictionary<string, double[]> Gradients(Model training, ElementType precision)
    {
        using var graph = new BoundGraph(training, _tensors, _options.Threads, Optimization(precision));
        return graph.Run().ToDictionary(o => o.Key, o =>
        {
            using var tensor = o.Value;
            return tensor.Type == ElementType.Float64 ? tensor.As<double>().ToArray() : Array.ConvertAll(tensor.As<float>().ToArray(), x => (double)x);
        });
    }

    /// <summary>Finds the values of final activations that are saturated on some inputs.</summary>
    /// <param name="composer">Makes the graphs.</param>
    /// <param name="inputs">The inputs by name.</param>
    /// <param name="threads">The number of threads; 0 for one a core.</param>
    /// <exception cref="RuntimeException">ONNX Runtime cannot run the model.</exception>
    internal static IReadOnlyList<string> Saturated(ProjectionComposer composer, IReadOnlyDictionary<string, Tensor> inputs, int threads)
    {
        if (composer.Activations is not { Count: > 0 } activations)
            return [];
        using var graph = new BoundGraph(composer.Values(), new Dictionary<string, Tensor>(composer.Weights.Concat(inputs)), threads, OptimizationLevel.Basic);
        var saturated = new List<string>();
        foreach (var (name, value) in graph.Run())
        {
            using (value)
            {
                if (activations.TryGetValue(name, out var activation) && activation.IsSaturated(Elements(value)))
                    saturated.AddRange(activation.Values);
            }
        }

        return saturated;
    }

    private static double[] Elements(HostTensor value) => new Tensor(value.Type, [.. value.Shape], value.Bytes.ToArray()).ToFloat64();

    // Normal, divided by the root of the term's size and by its scale: a term in pixels does not drown one of probabilities. But one that
    // is small beside the others stays so: a saturated sigmoid has lost its relative digits.
    private void DrawFactors(int draw)
    {
        using var graph = new BoundGraph(_composer.Values(), _tensors, _options.Threads, OptimizationLevel.Basic);
        var values = graph.Run();
        var sizes = _composer.Terms.Select(term => Size(term, values[term])).ToList();
        var largest = sizes.Max(s => s.Rms);
        var unit = largest > 0 ? Math.Min(1, largest) : 1;
        _scale = Math.Sqrt(sizes.Sum(s => Math.Pow(s.Rms / Math.Max(s.Rms, unit), 2)));
        for (var term = 0; term < sizes.Count; term++)
        {
            var random = SplitMix64.For((ulong)_options.Seed, RandomStream.Projection, draw, term);
            var divisor = Math.Sqrt(sizes[term].Count) * Math.Max(sizes[term].Rms, unit);
            var factors = Array.ConvertAll(Gaussian.Vector(ref random, sizes[term].Count), c => c / divisor);
            _tensors[ProjectionComposer.Factors(term)] = new Tensor(
                ElementType.Float64, [factors.Length], System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(factors).ToArray());
        }
    }

    private static (long Count, double Rms) Size(string name, HostTensor value)
    {
        using (value)
        {
            var y = Elements(value);
            var norm = System.Numerics.Tensors.TensorPrimitives.Norm<double>(y);
            return double.IsFinite(norm) ? (y.Length, norm / Math.Sqrt(Math.Max(y.Length, 1)))
                : throw new InvalidModelException($"The value '{name}' is not finite on random inputs; give other ranges (--range NAME=0,1).");
        }
    }
}
