using Sema.Onnx.Graphs.Functions;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Graphs.Composition;

/// <summary>The part of <c>training.onnx</c> that computes the batches' statistics: the model in training mode, without loss and gradients.</summary>
internal static class StatisticsGraph
{
    /// <summary>Cuts it out.</summary>
    /// <param name="training">The content of <c>training.onnx</c>.</param>
    /// <param name="statistics">The running statistics, at least one.</param>
    /// <returns>(batch, parameters) → batch statistics, with those inputs alone that they need.</returns>
    internal static Model Cut(Model training, IReadOnlyList<BatchStatistics> statistics)
    {
        var graph = training.Graph.Extract(statistics.SelectMany(s => new[] { s.BatchMean, s.BatchVariance }), keepInputs: false);
        var model = new Model(graph) { Producer = training.Producer, IrVersion = training.IrVersion };
        foreach (var (domain, version) in training.Opsets)
            model.Opsets[domain] = version;
        foreach (var function in training.Functions)
            model.Functions.Add(function);
        SemaFunctions.Attach(model);
        return model;
    }
}
