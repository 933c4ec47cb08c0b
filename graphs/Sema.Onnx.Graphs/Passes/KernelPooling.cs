using Sema.Onnx.Graphs.Autodiff.Rules;

namespace Sema.Onnx.Graphs.Passes;

/// <summary>Makes each MaxPool whose places a gradient reads a call of <c>com.sema.MaxPoolTraining</c>, which has a kernel.</summary>
internal static class KernelPooling
{
    // The kernel keeps a pointer for each element of a window.
    private const int LargestWindow = 1024;

    /// <summary>Runs the pass on a finished graph; the shapes of what is pooled must be known.</summary>
    internal static void Run(Graph graph)
    {
        var nodes = graph.Nodes.Where(n => n is { OpType: "MaxPool", Domain.Length: 0, Outputs: [_, not null] } && n.Output.Type == ElementType.Float32
            && n[0].Rank is 3 or 4 && n.Int("storage_order", 0) == 0
            && Window.Of(n) is var window && window.Dilations.All(d => d == 1) && window.Kernel.Aggregate(1L, (count, size) => count * size) <= LargestWindow).ToList();
        foreach (var node in nodes)
        {
            graph.ReplaceNode(node, () =>
            {
                // What hangs over where sizes are rounded up is padding, too.
                var window = Window.Of(node);
                var spatial = window.Kernel.Length;
                long[] pads = [.. window.Pads.Select((pad, i) => pad + (i < spatial ? 0 : window.Excess[i - spatial]))];
                var call = graph.AddNode("MaxPoolTraining", Model.SemaDomain, node.Inputs, [("kernel_shape", window.Kernel), ("strides", window.Strides), ("pads", pads)], 2);
                foreach (var (made, old) in call.Outputs.Zip(node.Outputs))
                    (made!.Type, made.Shape) = (old!.Type, old.Shape);
                return [.. call.Outputs!];
            });
        }
    }
}
