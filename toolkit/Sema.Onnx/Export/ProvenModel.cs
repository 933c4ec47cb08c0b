using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Export;

/// <summary>
/// An exported model, loaded to be proven: as it is, or a copy of it where ONNX Runtime has no kernels for its opset (upgraded) or its types
/// (in float32).
/// </summary>
internal sealed class ProvenModel : IDisposable
{
    /// <summary>What two ways to compute in float32 may differ by.</summary>
    private const double Reordering = 1e-4;

    /// <summary>How many roundings, one an operator, may add up on the way to an output.</summary>
    private const double Roundings = 16;

    /// <summary>What quantised activations may differ by: a dozen steps of 1/255.</summary>
    private const double QuantizationSteps = 0.05;

    /// <param name="path">The exported .onnx file.</param>
    /// <param name="threads">The number of threads; 0 for one a core.</param>
    /// <exception cref="RuntimeException">ONNX Runtime refuses the model.</exception>
    internal ProvenModel(string path, int threads)
    {
        var model = ModelReader.Read(path);
        var type = LeastPrecise(model.Graph);
        var quantizes = model.Graph.AllNodes.Any(n => n.OpType.Contains("QLinear", StringComparison.Ordinal) || n.OpType.StartsWith("DynamicQuantize", StringComparison.Ordinal)
            || n.OpType is "QuantizeLinear" or "QGemm");

        // As the file defines them: the integer kernels may saturate on the way, and MatMulNBits rounds its factors only where it packs weights. And ONNX Runtime fails on half convolutions of weights
        // that are inputs too, when it optimises them.
        var settings = new SessionSettings
        {
            Threads = threads,
            IntegerKernels = false,
            Prepacking = false,
            Optimization = type == ElementType.Float16 && model.Graph.Inputs.Exists(v => v.Initializer is not null) ? OptimizationLevel.Basic : OptimizationLevel.All,
        };
        try
        {
            Session = OldOpset.Load(path, model, settings, out var upgraded);
            IsUpgraded = upgraded;
        }
        catch (RuntimeException) when (type != ElementType.Float32 && FloatTypes.ToFloat32(model))
        {
            type = ElementType.Float32;
            Session = new Session(model, settings);
        }

        ComputesIn = type.Name();
        Tolerance = Math.Max(quantizes ? QuantizationSteps : Reordering, Roundings * type.HalfRounding());
    }

    /// <summary>Gets whether the session runs a copy upgraded to opset 21, since ONNX Runtime refuses the model's own opset, below 7.</summary>
    internal bool IsUpgraded { get; }

    /// <summary>Gets the session.</summary>
    internal Session Session { get; }

    /// <summary>Gets the least precise float type that the session computes in.</summary>
    internal string ComputesIn { get; }

    /// <summary>Gets how far its outputs may be from those of <c>eval.onnx</c>, relative to the largest.</summary>
    internal double Tolerance { get; }

    /// <inheritdoc/>
    public void Dispose() => Session.Dispose();

    private static ElementType LeastPrecise(Graph graph)
    {
        var types = graph.Values.Select(v => v.Type).Concat(graph.Nodes.Where(n => n.OpType == "Cast").SelectMany(n => n.Attributes).Select(a => a is { Name: "to", Value: long to } ? (ElementType)to : ElementType.Undefined)).ToHashSet();
        ElementType[] order = [ElementType.BFloat16, ElementType.Float16, ElementType.Float32, ElementType.Float64];
        return order.FirstOrDefault(types.Contains, ElementType.Float32);
    }
}
