using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Brings a model to the form that is differentiated: one opset, known shapes, one way to write each operator.</summary>
internal static class CanonicalForm
{
    /// <summary>Changes a model to that form.</summary>
    /// <param name="model">The model.</param>
    /// <param name="shapes">The inputs' sizes by name; an input that is not named keeps its declared shape.</param>
    /// <param name="annotate">Fills in the types and shapes of all values of a model; the runtime knows them.</param>
    /// <exception cref="InvalidModelException">A size contradicts the model, or an operator cannot be upgraded.</exception>
    internal static void Bring(Model model, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes, Action<Model> annotate)
    {
        OpsetUpgrade.Run(model);
        foreach (var input in model.Graph.Inputs.Where(v => v.Initializer is null && shapes.ContainsKey(v.Name)))
            input.Shape = Fitting(input, shapes[input.Name]);
        annotate(model);
        if (ExplicitPadding.Run(model.Graph) | CanonicalMatMul.Run(model.Graph))
            annotate(model);
    }

    private static Shape Fitting(Value input, IReadOnlyList<long> given)
    {
        var fits = input.Shape is not { } declared
            || (declared.Rank == given.Count && declared.Zip(given).All(pair => !pair.First.IsKnown || pair.First.Size == pair.Second));
        return fits ? Shape.Of(given) : throw new InvalidModelException(
            $"The model's input '{input.Name}' has the shape {input.Shape}, but the data give {Shape.Of(given)}.");
    }
}
