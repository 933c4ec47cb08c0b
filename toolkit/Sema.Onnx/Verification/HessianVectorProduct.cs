using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Verification;

/// <summary>Products of the loss's Hessian with vectors, H v = ∇⟨∇L, v⟩, by differentiating the training graph once more.</summary>
/// <remarks>H itself is never formed: a product costs about as much as two gradients. At kinks the choices of the gradient's rules hold.</remarks>
public sealed class HessianVectorProduct : IDisposable
{
    private readonly BoundGraph _graph;
    private readonly IReadOnlyList<Parameter> _trained;
    private readonly IReadOnlyList<string> _inputs;
    private readonly string _target;

    private HessianVectorProduct(BoundGraph graph, TrainingGraphs graphs) =>
        (_graph, Layout, _trained, _inputs, _target) = (graph, graphs.Layout, Trained(graphs.Layout), [.. graphs.Inputs.Select(i => i.Name)], graphs.Target.Name);

    /// <summary>Gets the places of the parameters in weights, gradients, directions and products.</summary>
    public ParameterLayout Layout { get; }

    /// <summary>Composes a model's training graph and differentiates it, for one batch size; the weights are those of the file.</summary>
    /// <param name="model">The .onnx file.</param>
    /// <param name="options">The loss, what is trained, and the precision: Float32, or Float64 for checks.</param>
    /// <param name="inputShapes">The sizes of each input by its name, batch axis first.</param>
    /// <param name="targetShape">The targets' sizes, batch axis first; <see langword="null"/> for those that the loss implies.</param>
    /// <param name="threads">The number of threads; 0 for one a core.</param>
    /// <exception cref="InvalidModelException">The model is malformed or cannot be trained as asked.</exception>
    /// <exception cref="Graphs.Autodiff.GradientNotDefinedException">An operator of the model, or of its gradient, has no rule.</exception>
    /// <exception cref="RuntimeException">ONNX Runtime cannot run the result.</exception>
    public static HessianVectorProduct Of(
        string model, CompositionOptions options, IReadOnlyDictionary<string, IReadOnlyList<long>> inputShapes, IReadOnlyList<long>? targetShape = null, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(inputShapes);
        var graphs = ArtifactBuilder.Compose(model, options, _ => inputShapes, targetShape);
        var trained = Trained(graphs.Layout);
        var hessian = HessianGraph.Of(graphs.Training, [.. trained.Select(p => p.Name)], ArtifactBuilder.Annotate);
        var tensors = hessian.Graph.Inputs.ToDictionary(
            v => v.Name, v => graphs.Training.Graph.Find(v.Name)?.Initializer ?? new Tensor(v.Type, v.KnownShape.Sizes, new byte[v.KnownShape.Count * v.Type.Size()]));
        var level = options.Precision == ElementType.Float64 ? OptimizationLevel.Basic : OptimizationLevel.All;
        return new(new BoundGraph(hessian, tensors, threads, level), graphs);
    }

    /// <summary>Puts other weights in place of the present ones.</summary>
    /// <param name="weights">The flat vector of <see cref="Layout"/>.</param>
    /// <exception cref="ArgumentException">The length is not the layout's.</exception>
    public void SetWeights(ReadOnlySpan<double> weights) => Write(weights, name => name, nameof(weights));

    /// <summary>Computes the gradient of the loss of a batch, and the product of its Hessian with a direction.</summary>
    /// <param name="inputs">The elements of each input by its name, row-major, of the input's type.</param>
    /// <param name="target">The targets' elements, likewise.</param>
    /// <param name="direction">v, the flat vector of <see cref="Layout"/>.</param>
    /// <returns>∇L and H v, flat vectors of the same layout, 0 between parameters.</returns>
    /// <exception cref="ArgumentException">A length does not fit.</exception>
    /// <exception cref="RuntimeException">An operator failed.</exception>
    public (double[] Gradient, double[] Product) Compute(IReadOnlyDictionary<string, ReadOnlyMemory<byte>> inputs, ReadOnlySpan<byte> target, ReadOnlySpan<double> direction)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        foreach (var name in _inputs.Where(_graph.Reads))
            Copy(inputs.TryGetValue(name, out var bytes) ? bytes.Span : throw new ArgumentException($"There is no input '{name}' among those given.", nameof(inputs)), name, nameof(inputs));
        Copy(target, _target, nameof(target));
        Write(direction, HessianGraph.Direction, nameof(direction));
        var outputs = _graph.Run();
        try
        {
            return (Read(outputs, TrainingGraphs.Gradient), Read(outputs, HessianGraph.Product));
        }
        finally
        {
            foreach (var tensor in outputs.Values)
                tensor.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _graph.Dispose();

    private static IReadOnlyList<Parameter> Trained(ParameterLayout layout) => [.. layout.Parameters.Where(p => p.Group != "statistics")];

    private void Copy(ReadOnlySpan<byte> elements, string name, string argument)
    {
        var buffer = _graph[name].Bytes;
        if (elements.Length != buffer.Length)
            throw new ArgumentException($"'{name}' takes {buffer.Length} bytes, and {elements.Length} were given.", argument);
        elements.CopyTo(buffer);
    }

    private void Write(ReadOnlySpan<double> flat, Func<string, string> name, string argument)
    {
        if (flat.Length != Layout.Length)
            throw new ArgumentException($"The parameters take {Layout.Length} elements, and {flat.Length} were given.", argument);
        foreach (var p in _trained.Where(p => _graph.Reads(name(p.Name))))
        {
            var part = flat.Slice((int)p.Offset, (int)p.Count);
            var buffer = _graph[name(p.Name)];
            if (buffer.Type == ElementType.Float64)
                part.CopyTo(buffer.As<double>());
            else
                System.Numerics.Tensors.TensorPrimitives.ConvertTruncating(part, buffer.As<float>());
        }
    }

    private double[] Read(Dictionary<string, HostTensor> outputs, Func<string, string> name)
    {
        var flat = new double[Layout.Length];
        foreach (var p in _trained)
        {
            var part = flat.AsSpan((int)p.Offset, (int)p.Count);
            var tensor = outputs[name(p.Name)];
            if (tensor.Type == ElementType.Float64)
                tensor.As<double>().CopyTo(part);
            else
                System.Numerics.Tensors.TensorPrimitives.ConvertTruncating<float, double>(tensor.As<float>(), part);
        }

        return flat;
    }
}
