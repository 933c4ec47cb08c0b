using System.Text.Json.Nodes;
using Sema.Onnx.Averaging;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Graphs.Composition;

namespace Sema.Onnx.Training;

/// <summary>The averages that a run with <see cref="PostHocEma"/> puts on record, and those of any width made of them.</summary>
/// <param name="run">The run's folder.</param>
internal sealed class AverageRecords(RunFolder run)
{
    private readonly CheckpointStore _store = new(run.Records, int.MaxValue);

    /// <summary>Puts the power-function averages on record.</summary>
    internal void Add(long step, Engine engine, AveragingStrategy averaging)
    {
        var powers = new JsonObject();
        var tensors = new List<TensorEntry>();
        foreach (var (name, shadow, width) in Recorded(averaging))
        {
            powers[name] = PostHocEma.Power(width);
            tensors.AddRange(RunState.Tensors(engine, name, engine.Shadows[shadow]));
        }

        _store.Save(new Checkpoint(step, new JsonObject { ["powers"] = powers }, tensors));
    }

    /// <summary>Forgets the records of later steps, which a resumed run will make again.</summary>
    internal void DiscardAfter(long step)
    {
        if (Directory.Exists(run.Records))
            _store.DiscardAfter(step);
    }

    /// <summary>Makes the average of a width, as it would stand after the last record.</summary>
    /// <param name="width">σ, in (0, 0.2886].</param>
    /// <param name="manifest">The parameters.</param>
    /// <returns>The weights by parameter, and the step of the last record.</returns>
    /// <exception cref="CheckpointException">There is no record, or one is damaged.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The width is out of range.</exception>
    internal (Dictionary<string, ReadOnlyMemory<float>> Weights, long Step) Synthesize(double width, Manifest manifest)
    {
        var power = PostHocEma.Power(width);
        var names = _store.Names();
        if (names.Count == 0)
            throw new CheckpointException($"The run has no power-function averages on record, of which one of width {width} could be made; train with --average posthoc.", run.Records);
        List<(PowerProfile Profile, string Record, string Average)> recorded = [];
        foreach (var name in names)
        {
            using var record = _store.Load(name);
            if (record.State["powers"] is not JsonObject { Count: > 0 } powers || record.Step < 1)
                throw new CheckpointException($"The record '{name}' does not say what it holds.", name);
            recorded.AddRange(powers.Select(p => (new PowerProfile(record.Step, p.Value is JsonValue v && v.TryGetValue(out double g) && g >= 0 && double.IsFinite(g) ? g
                : throw new CheckpointException($"The record '{name}' does not say what it holds.", name)), name, p.Key)));
        }

        var last = recorded.Max(r => r.Profile.Step);
        var shares = PowerProfiles.Shares([.. recorded.Select(r => r.Profile)], new(last, power));
        var sums = manifest.Layout.Parameters.ToDictionary(p => p.Name, p => new double[p.Count]);
        foreach (var (i, (_, name, average)) in recorded.Index())
        {
            using var record = _store.Load(name);
            foreach (var parameter in manifest.Layout.Parameters)
                Mixtures.Add(RunState.Read(record, average, parameter), shares[i], sums[parameter.Name]);
        }

        return (sums.ToDictionary(s => s.Key, s => (ReadOnlyMemory<float>)Array.ConvertAll(s.Value, x => (float)x)), last);
    }

    // The power-function averages of a strategy, with the indices of their shadows.
    private static IEnumerable<(string Name, int Shadow, double Width)> Recorded(AveragingStrategy averaging, int offset = 0)
    {
        switch (averaging)
        {
            case PostHocEma powers:
                foreach (var (k, width) in powers.Widths.Index())
                    yield return (powers.Averages[k], offset + k, width);
                break;
            case CombinedAveraging several:
                foreach (var strategy in several.Strategies)
                {
                    foreach (var found in Recorded(strategy, offset))
                        yield return found;
                    offset += strategy.ShadowWeights.Count;
                }

                break;
        }
    }
}
