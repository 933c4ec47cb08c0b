using Sema.Onnx.Graphs.Lowering;
using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.TensorSequences;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>Brings a model to the form that is differentiated: one opset, known shapes, one way to write each operator.</summary>
internal static class CanonicalForm
{
    /// <summary>Changes a model to that form.</summary>
    /// <param name="model">The model.</param>
    /// <param name="shapes">The inputs' sizes by name; an input that is not named keeps its declared shape.</param>
    /// <param name="annotate">Fills in the types and shapes of all values of a model; the runtime knows them.</param>
    /// <param name="inFloat32">Whether other float types and quantised integers give way to float32.</param>
    /// <param name="smooth">Whether quantisation clips without rounding, for checks by differences.</param>
    /// <exception cref="InvalidModelException">A size contradicts the model, or an operator cannot be upgraded.</exception>
    internal static void Bring(Model model, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes, Action<Model> annotate, bool inFloat32, bool smooth)
    {
        HoistConstants.Run(model.Graph);
        foreach (var input in model.Graph.Inputs.Where(v => v.Initializer is null && shapes.ContainsKey(v.Name)))
            input.Shape = Fitting(input, shapes[input.Name]);
        if (Lowerings.Occur(model))
            annotate(model);
        Upgrade(model);
        if (inFloat32)
            FloatTypes.ToFloat32(model);
        annotate(model);
        Canonicalise(model, annotate, inFloat32, smooth);
    }

    /// <summary>Brings all operators to one version, and bodies to values of their own.</summary>
    /// <exception cref="InvalidModelException">The model calls or defines functions of <c>com.sema</c>, or an operator cannot be upgraded.</exception>
    internal static void Upgrade(Model model)
    {
        RefuseOwnDomain(model);
        ExplicitCaptures.Run(model.Graph, constants: false);
        OpsetUpgrade.Run(model);
        ExplicitCaptures.Run(model.Graph);
    }

    // In a training graph these names mean our functions, and kernels run in their place: a stranger's of the same name would be lost.
    private static void RefuseOwnDomain(Model model)
    {
        var own = model.Graph.AllNodes.Concat(model.Functions.SelectMany(f => f.Body.AllNodes)).Where(n => n.Domain == Model.SemaDomain).Select(n => n.OpType)
            .Concat(model.Functions.Where(f => f.Domain == Model.SemaDomain).Select(f => f.Name)).FirstOrDefault();
        if (own is not null)
        {
            throw new InvalidModelException($"The model holds '{Model.SemaDomain}.{own}', of the domain that training graphs alone may use. "
                + "Take the model that the training graph was made from, or give the function another domain.");
        }
    }

    /// <summary>Brings an annotated model to the forms that gradient rules know, and annotates it anew.</summary>
    internal static void Canonicalise(Model model, Action<Model> annotate, bool inFloat32 = true, bool smooth = false)
    {
        var graph = model.Graph;
        while (InlineIf.Run(graph) | ScanToLoop.Run(graph) | SequenceOperators.Run(graph) || UnrollLoops.Run(graph))
        {
            ExplicitCaptures.Run(graph);
            annotate(model);
        }

        FoldIntegers.Run(graph);
        if (inFloat32 && (IntegerOperators.Run(graph) | FakeQuantization.Run(model) | (smooth && SmoothQuantization.Run(model))))
            annotate(model);
        FusedGelu.Run(graph);
        FusedLayerNormalization.Run(graph);
        if (ExplicitPadding.Run(graph) | CanonicalMatMul.Run(graph))
            annotate(model);
    }

    /// <summary>Gets the shape of given sizes for an input.</summary>
    /// <exception cref="InvalidModelException">It is not one that the model declares.</exception>
    internal static Shape Fitting(Value input, IReadOnlyList<long> given)
    {
        var fits = input.Shape is not { } declared
            || (declared.Rank == given.Count && declared.Zip(given).All(pair => !pair.First.IsKnown || pair.First.Size == pair.Second));
        return fits ? Shape.Of(given) : throw new InvalidModelException(
            $"The model's input '{input.Name}' has the shape {input.Shape}, but the data give {Shape.Of(given)}.");
    }
}
