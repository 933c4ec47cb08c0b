using Sema.Onnx.Graphs.Patching;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>Makes averages of models one after the other, evaluates them where there are data, and keeps the best.</summary>
internal sealed class SoupCook : IDisposable
{
    private readonly IReadOnlyList<string> _models;
    private readonly string _output;
    private readonly SoupOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly SoupMembers _members;
    private readonly List<SoupTrial> _trials = [];
    private (StagedModel Model, ModelPatch Patch, double[] Shares, EvaluationResult? Result)? _best;

    internal SoupCook(IReadOnlyList<string> models, string output, SoupOptions options, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        if (models.Count < 2)
            throw new ArgumentException("There is nothing to average: name two models or more.", nameof(models));
        (_models, _output, _options, _cancellation) = (models, output, options, cancellation);
        _members = new(models, options.Weights);
    }

    /// <summary>Evaluates each model by itself, where there are data.</summary>
    /// <returns>Their indices, the best first; of equally good ones the one that was named first.</returns>
    internal IReadOnlyList<int> Judge()
    {
        double[] scores = [.. _members.Files.Select((file, k) => Evaluate(file, Only(k)) is { } result ? Score(result) : 0)];
        return [.. Enumerable.Range(0, scores.Length).OrderByDescending(k => scores[k])];
    }

    /// <summary>Makes the average (Σ parts·model) / whole, and keeps it if it is better than the one kept.</summary>
    /// <param name="parts">What of each model is taken.</param>
    /// <param name="whole">What the sum is divided by.</param>
    /// <param name="evenIfEqual">Whether an equally good one takes the place of the one kept.</param>
    /// <returns>Whether it is kept.</returns>
    internal bool Offer(IReadOnlyList<double> parts, double whole, bool evenIfEqual = true)
    {
        var (model, patch) = _members.Write(parts, whole, _output);
        double[] shares = [.. parts.Select(p => p / whole)];
        try
        {
            var result = Evaluate(model.Path, shares);
            if (_best?.Result is { } best && (Score(result!).CompareTo(Score(best)) is var order && !(order > 0 || (order == 0 && evenIfEqual))))
            {
                model.Dispose();
                return false;
            }

            _best?.Model.Dispose();
            _best = (model, patch, shares, result);
            return true;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Moves the average that was kept into its place.</summary>
    internal SoupReport Serve()
    {
        var (model, patch, shares, result) = _best!.Value;
        var path = model.Commit();
        return new(path, _models, shares, patch.Tensors.Count, patch.Tensors.Values.Sum(t => (long)t.Data.Length), model.Size, result, _trials);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _best?.Model.Dispose();
        _members.Dispose();
    }

    private EvaluationResult? Evaluate(string file, double[] shares)
    {
        if (_options.Data is null)
            return null;
        // The same weights do the same.
        if (_trials.FirstOrDefault(t => t.Shares.SequenceEqual(shares)) is { } known)
            return known.Result;
        var result = ModelEvaluator.Evaluate(file, _options.Data, _options.Evaluation, _cancellation);
        if (_options.Metric == SoupMetric.Accuracy && result.Accuracy is null)
            throw new ArgumentException("The targets are no classes, so there is no accuracy to judge by; judge by the loss.");
        _trials.Add(new(shares, result));
        return result;
    }

    // Higher is better; what is no number is the worst.
    private double Score(EvaluationResult result) =>
        _options.Metric != SoupMetric.Loss && result.Accuracy is { } accuracy ? accuracy
        : double.IsNaN(result.Loss) ? double.NegativeInfinity : -result.Loss;

    private double[] Only(int model) => [.. _models.Select((_, k) => k == model ? 1.0 : 0)];
}
