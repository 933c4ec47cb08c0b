using Sema.Onnx.Data.Batches;

namespace Sema.Onnx.Training;

/// <summary>At a run's end, computes the batch-norm statistics of each average anew, for the last and for the best checkpoint, and evaluates
/// with them. They are kept beside the shadows, which stay as they are: a run made longer goes on as if it had not ended.</summary>
internal sealed class FinalStatistics
{
    internal required Engine Engine { get; init; }

    internal required RunState State { get; init; }

    internal required TrainerOptions Options { get; init; }

    internal required TrainingLength Length { get; init; }

    /// <summary>The training data.</summary>
    internal required BatchLoader Loader { get; init; }

    internal required RunStore Store { get; init; }

    internal required WeightEvaluation? Evaluation { get; init; }

    internal required Measurements Measurements { get; init; }

    /// <summary>Does so; the last checkpoint is the engine's state.</summary>
    /// <returns>The last evaluation, by the name of the weights; nothing without data to evaluate on.</returns>
    internal IReadOnlyDictionary<string, EvaluationResult> Finish(CancellationToken cancellation)
    {
        if (State.Best is not null && State.BestRecomputed is null && State.BestStep != State.Step)
            State.BestRecomputed = FinishBest(cancellation);
        var isNew = State.Recomputed is null;
        var results = Results(State, cancellation);
        if (!isNew)
            return results;
        foreach (var (weights, result) in results.Where(r => r.Key != WeightEvaluation.Online))
            Measurements.Final(State.Step, (double)State.Step / Length.StepsPerEpoch, weights, result);
        if (State.Best is not null && State.BestStep == State.Step)
        {
            State.BestRecomputed = results[Options.AllAveraging.Averages[0]];
            Store.SaveBest(State);
        }

        Store.Save(State);
        return results;
    }

    // The engine holds the best checkpoint meanwhile.
    private EvaluationResult FinishBest(CancellationToken cancellation)
    {
        try
        {
            var best = Store.LoadBest();
            var result = Results(best, cancellation)[Options.AllAveraging.Averages[0]];
            Store.SaveBest(best);
            return result;
        }
        finally
        {
            Store.LoadLast();
        }
    }

    private IReadOnlyDictionary<string, EvaluationResult> Results(RunState state, CancellationToken cancellation)
    {
        var at = Length.After(state.Step);
        if (state.Recomputed is null)
        {
            using var averages = new AverageWeights(Engine, Options.AllAveraging);
            using var pass = new StatisticsPass(Engine.Folder, Engine.Manifest, Engine.Settings, Loader);
            state.Recomputed = Options.AllAveraging.Averages.Index().ToDictionary(a => a.Item, a => pass.Run(averages.Of(a.Index, at), cancellation));
        }

        return Evaluation?.Evaluate(at, cancellation, state.Recomputed) ?? new Dictionary<string, EvaluationResult>();
    }
}
