using Sema.Onnx.Graphs.Optimizers;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Builds <c>update.onnx</c>: one optimizer step and the averages, over flat vectors of any length.</summary>
/// <remarks>
/// Every vector is written over itself; the proof is made when the graph is built. Scalars are float64 inputs, so a schedule
/// never rebuilds the graph and a decay near 1 loses no digits. The host runs it over all weights or range by range: a range's
/// weight decay and learning rate are its own.
/// </remarks>
internal static class UpdateGraph
{
    internal const string Weights = "weights", Gradients = "gradients", LearningRate = "learning_rate", WeightDecay = "weight_decay",
        Step = "step", GradientScale = "gradient_scale", Sizes = "sizes", Next = "next/";

    /// <summary>Gets the name of the k-th average's vector.</summary>
    internal static string Average(int k) => $"average{k}";

    /// <summary>Gets the name of the k-th average's decay.</summary>
    internal static string Decay(int k) => $"decay{k}";

    /// <summary>Builds the graph.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="averages">How many averages are kept.</param>
    internal static Model Build(Optimizer optimizer, int averages)
    {
        optimizer.Validate();
        var graph = new Graph("update");
        Value Vector(string name) => graph.AddInput(name, ElementType.Float32, new Shape(new Dimension(-1, "n")));
        Value Scalar(string name) => graph.AddInput(name, ElementType.Float64, new Shape());

        var w = Vector(Weights);
        var g = Vector(Gradients);
        var slots = optimizer.Slots.Select(Vector).ToArray();
        var inputs = new OptimizerInputs(w, g * Scalar(GradientScale).Cast(w.Type), slots, Scalar(LearningRate), Scalar(WeightDecay), Scalar(Step),
            [.. optimizer.Scalars.Select(Scalar)], optimizer.IsPerParameter ? graph.AddInput(Sizes, ElementType.Int64, Shape.Of(3)) : null);
        var (next, nextSlots) = optimizer.Step(inputs);
        Output(w, next);
        for (var i = 0; i < slots.Length; i++)
            Output(slots[i], nextSlots[i]);
        for (var k = 0; k < averages; k++)
        {
            // e ← d e + (1 − d) w, with the weights after the step
            var (e, d) = (Vector(Average(k)), Scalar(Decay(k)));
            Output(e, e * d.Cast(e.Type) + next * (1 - d).Cast(e.Type));
        }

        for (var i = 0; i < graph.Outputs.Count; i++)
            InPlace.Prove(graph.Find(graph.Outputs[i].Name[Next.Length..])!, graph.Outputs[i]);
        return new Model(graph) { Producer = "Sema.Onnx", Opsets = { [""] = Model.Opset } };

        void Output(Value of, Value value)
        {
            graph.Rename(value, Next + of.Name);
            value.Shape = of.Shape;
            graph.Outputs.Add(value);
        }
    }
}
