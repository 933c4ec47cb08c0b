using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Functions;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Differentiates a training graph once more: (batch, weights w, directions v) → (gradients ∇L, products ∇⟨∇L, v⟩ = H v).</summary>
internal static class HessianGraph
{
    /// <summary>Gets the name of a parameter's part of v among the inputs.</summary>
    internal static string Direction(string parameter) => $"direction/{parameter}";

    /// <summary>Gets the name of a parameter's part of H v among the outputs.</summary>
    internal static string Product(string parameter) => $"hessian_vector/{parameter}";

    /// <summary>Makes the graph; the weights are inputs of it.</summary>
    /// <param name="training">The training graph; it is not changed.</param>
    /// <param name="weights">The names of the trained weights.</param>
    /// <param name="annotate">Fills in the types and shapes of all values of a model; the runtime knows them.</param>
    /// <exception cref="GradientNotDefinedException">A gradient holds an operator without a rule of its own.</exception>
    internal static Model Of(Model training, IReadOnlyList<string> weights, Action<Model> annotate)
    {
        var graph = training.Graph.Extract(weights.Select(TrainingGraphs.Gradient));
        var isFloat64 = graph.Find(weights[0])!.Type == ElementType.Float64;
        Expand(graph);
        var product = graph.Emit("Sum", [.. weights.Select(name =>
        {
            var gradient = graph.Find(TrainingGraphs.Gradient(name))!;
            return (gradient * graph.AddInput(Direction(name), graph.Find(name)!.Type, graph.Find(name)!.Shape)).SumAll();
        })]);
        annotate(Composer.Shell(training, graph));
        FixTypes(graph);

        var gradients = Differentiator.Gradients(product, [.. weights.Select(name => graph.Find(name)!)]);
        foreach (var name in weights)
        {
            var weight = graph.Find(name)!;
            Composer.Expose(graph, gradients.GetValueOrDefault(weight) ?? weight.ZerosOf(weight.ShapeVector()), Product(name)).Shape = weight.Shape;
        }

        if (isFloat64)
            DoubleKernels.Run(graph);
        var finished = graph.Extract([.. weights.Select(TrainingGraphs.Gradient), .. weights.Select(Product)]);
        foreach (var name in weights)
            finished.Find(name)!.Initializer = null;
        return Composer.Shell(training, finished);
    }

    // The rules are those of standard operators: calls of functions become their bodies, and constants in nodes initializers.
    private static void Expand(Graph graph)
    {
        var functions = SemaFunctions.All.ToDictionary(f => f.Name);
        while (graph.Nodes.Where(n => n.Domain == Model.SemaDomain).ToList() is { Count: > 0 } calls)
        {
            foreach (var call in calls)
                call.Inline(functions[call.OpType]);
        }

        foreach (var node in graph.Nodes.Where(n => n is { OpType: "Constant", Domain.Length: 0 }).ToList())
        {
            if (Constant(node) is { } tensor)
                graph.ReplaceNode(node, () => [graph.AddInitializer(graph.UniqueName("constant"), tensor)]);
        }
    }

    private static Tensor? Constant(Node node) => node.Attributes.FirstOrDefault()?.Value switch
    {
        Tensor tensor => tensor,
        long[] integers => Tensor.Vector(integers),
        long integer => Tensor.Scalar(integer),
        float number => Tensor.Scalar(number, ElementType.Float32),
        _ => null,
    };

    // What a function leaves open is known in a graph.
    private static void FixTypes(Graph graph)
    {
        foreach (var node in graph.Nodes.Where(n => n is { OpType: "CastLike", Domain.Length: 0 }))
        {
            node.OpType = "Cast";
            node.Set(("to", (long)node[1].Type));
            node.Inputs.RemoveAt(1);
        }
    }
}
