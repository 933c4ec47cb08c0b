using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Sema.Onnx.Averaging;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>What a run must remember besides its tensors; with them it goes on bit for bit.</summary>
internal sealed record RunState
{
    /// <summary>The optimizer steps done.</summary>
    internal long Step { get; set; }

    /// <summary>The step after which the optimizer started afresh; 0 where it never did.</summary>
    internal long OptimizerStart { get; set; }

    /// <summary>The step of the last evaluation, so that one that was interrupted is made up for.</summary>
    internal long EvaluatedStep { get; set; }

    /// <summary>The best evaluation so far.</summary>
    internal EvaluationResult? Best { get; set; }

    /// <summary>The epoch of the best evaluation.</summary>
    internal long BestEpoch { get; set; }

    /// <summary>The step of the best evaluation.</summary>
    internal long BestStep { get; set; }

    /// <summary>What the best checkpoint comes to with batch-norm statistics computed anew, once the run has ended.</summary>
    internal EvaluationResult? BestRecomputed { get; set; }

    /// <summary>Batch-norm statistics of the averages computed anew for this step, by the average's name and theirs.</summary>
    internal IReadOnlyDictionary<string, IReadOnlyDictionary<string, float[]>>? Recomputed { get; set; }

    /// <summary>The first evaluated step at which each set of weights had the accuracy aimed at.</summary>
    internal SortedDictionary<string, long> Reached { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The evaluation before the first step.</summary>
    internal EvaluationResult? Start { get; set; }

    /// <summary>Makes a checkpoint of a run: the state, what the run depends on, and every tensor by name.</summary>
    /// <param name="engine">What trains.</param>
    /// <param name="identity">What the run depends on.</param>
    /// <param name="averages">What each average consists of.</param>
    internal Checkpoint ToCheckpoint(Engine engine, JsonObject identity, IEnumerable<(string Name, IReadOnlyList<Portion> Portions)> averages)
    {
        var state = new JsonObject
        {
            ["identity"] = identity.DeepClone(),
            ["best"] = ToJson(Best),
            ["best_epoch"] = BestEpoch,
            ["best_step"] = BestStep,
            ["best_recomputed"] = ToJson(BestRecomputed),
            ["evaluated_step"] = EvaluatedStep,
            ["optimizer_start"] = OptimizerStart,
            ["averages"] = Averages(averages),
            ["start"] = ToJson(Start),
            ["reached"] = new JsonObject(Reached.Select(r => KeyValuePair.Create<string, JsonNode?>(r.Key, r.Value))),
        };
        return new(Step, state, [.. Arenas(engine).SelectMany(arena => Tensors(engine, arena.Role, arena.Arena)), .. Statistics(engine.Manifest)]);
    }

    /// <summary>Takes a run up where a checkpoint left it.</summary>
    /// <exception cref="CheckpointException">The checkpoint is of another run.</exception>
    internal static RunState Restore(LoadedCheckpoint checkpoint, Engine engine, JsonObject identity)
    {
        var state = checkpoint.State;
        foreach (var (name, expected) in identity)
        {
            if (!JsonNode.DeepEquals(state["identity"]?[name], expected))
            {
                throw new CheckpointException(
                    $"The checkpoint '{checkpoint.Name}' was made with another {name.Replace('_', ' ')} "
                    + $"({state["identity"]?[name]?.ToJsonString() ?? "none"}, now {expected?.ToJsonString()}); go on with the options that the run began with.",
                    checkpoint.Name);
            }
        }

        foreach (var (role, arena) in Arenas(engine))
            Read(checkpoint, engine, role, arena);
        return new RunState
        {
            Step = checkpoint.Step,
            Best = FromJson(state["best"]),
            BestEpoch = (long?)state["best_epoch"] ?? 0,
            BestStep = (long?)state["best_step"] ?? 0,
            BestRecomputed = FromJson(state["best_recomputed"]),
            Recomputed = Statistics(checkpoint, engine.Manifest),
            EvaluatedStep = (long?)state["evaluated_step"] ?? 0,
            OptimizerStart = (long?)state["optimizer_start"] ?? 0,
            Start = FromJson(state["start"]),
            Reached = new((state["reached"] as JsonObject ?? []).ToDictionary(r => r.Key, r => (long?)r.Value ?? 0), StringComparer.Ordinal),
        };
    }

    /// <summary>Gets the name of a parameter's tensor in a checkpoint.</summary>
    internal static string TensorName(string role, string parameter) => $"{role}/{parameter}";

    /// <summary>The role of the trained weights.</summary>
    internal const string Weights = "weights";

    /// <summary>Gets the role of the k-th shadow.</summary>
    internal static string Shadow(int k) => $"shadow{k}";

    /// <summary>Gets the role of the batch-norm statistics computed anew for an average.</summary>
    internal static string RecomputedFor(string average) => $"recomputed/{average}";

    /// <summary>Gets whether the averages of a checkpoint take the trained weights' batch-norm statistics.</summary>
    internal static bool CopiesStatistics(LoadedCheckpoint checkpoint) => (string?)checkpoint.State["identity"]?["average_statistics"] == Trainer.Copied;

    /// <summary>Gets whether a checkpoint holds a parameter of a role.</summary>
    internal static bool Has(LoadedCheckpoint checkpoint, string role, string parameter) => checkpoint.Tensors.TryGet(TensorName(role, parameter), out _);

    /// <summary>Gets what an average of a checkpoint consists of.</summary>
    /// <exception cref="CheckpointException">The checkpoint holds no such average.</exception>
    internal static IReadOnlyList<Portion> Mixture(LoadedCheckpoint checkpoint, string average)
    {
        if (checkpoint.State["averages"]?[average] is JsonArray { Count: > 0 } portions)
            return [.. portions.Select(Read)];
        throw Foreign();

        Portion Read(JsonNode? node) => node is JsonObject portion && portion["shadow"] is JsonValue k && k.TryGetValue(out int shadow)
            && portion["share"] is JsonValue part && part.TryGetValue(out double share) ? new(shadow, share) : throw Foreign();

        CheckpointException Foreign() => new($"The checkpoint '{checkpoint.Name}' holds no average '{average}', or an unreadable one; it is of another run.", checkpoint.Name);
    }

    private IEnumerable<TensorEntry> Statistics(Manifest manifest) => (Recomputed ?? new Dictionary<string, IReadOnlyDictionary<string, float[]>>()).SelectMany(
        average => manifest.RunningStatistics.Select(p => new TensorEntry(
            TensorName(RecomputedFor(average.Key), p.Name), TensorType.Float32, p.Shape, MemoryMarshal.AsBytes(average.Value[p.Name].AsSpan()).ToArray())));

    private static Dictionary<string, IReadOnlyDictionary<string, float[]>>? Statistics(LoadedCheckpoint checkpoint, Manifest manifest)
    {
        var statistics = manifest.RunningStatistics.ToList();
        string[] averages = [.. (checkpoint.State["averages"] as JsonObject ?? []).Select(a => a.Key)
            .Where(a => statistics.Exists(p => Has(checkpoint, RecomputedFor(a), p.Name)))];
        return averages.Length == 0 ? null : averages.ToDictionary(
            a => a, a => (IReadOnlyDictionary<string, float[]>)statistics.ToDictionary(p => p.Name, p => Read(checkpoint, RecomputedFor(a), p)));
    }

    private static JsonObject Averages(IEnumerable<(string Name, IReadOnlyList<Portion> Portions)> averages) => new(averages.Select(
        a => KeyValuePair.Create<string, JsonNode?>(a.Name, new JsonArray(
            [.. a.Portions.Select(p => new JsonObject { ["shadow"] = p.Shadow, ["share"] = p.Share })]))));

    private static IEnumerable<(string Role, Arena Arena)> Arenas(Engine engine) =>
    [
        (Weights, engine.Weights),
        .. engine.Manifest.Slots.Zip(engine.Slots).Where(s => !engine.Shadows.Contains(s.Second)),
        .. engine.Shadows.Select((arena, k) => (Shadow(k), arena)),
    ];

    /// <summary>Gets an arena's parameters as tensors of a role, read from it while they are written: a checkpoint takes no memory of its own.</summary>
    internal static IEnumerable<TensorEntry> Tensors(Engine engine, string role, Arena arena) => engine.Manifest.Layout.Parameters.Select(parameter =>
        TensorEntry.Streamed(TensorName(role, parameter.Name), TensorType.Float32, parameter.Shape, (offset, destination) =>
            arena.CopyTo(MemoryMarshal.Cast<byte, float>(destination), parameter.Offset + offset / sizeof(float))));

    /// <summary>Checks that a checkpoint holds a parameter of a role.</summary>
    /// <exception cref="CheckpointException">It lacks it, or has it in another size.</exception>
    internal static void Check(LoadedCheckpoint checkpoint, string role, Parameter parameter)
    {
        var name = TensorName(role, parameter.Name);
        if (!checkpoint.Tensors.TryGet(name, out var info) || info!.Type != TensorType.Float32 || info.ByteLength != parameter.Count * sizeof(float))
            throw new CheckpointException($"The checkpoint '{checkpoint.Name}' lacks the tensor '{name}', or has it in another size; it is of another run.", checkpoint.Name);
    }

    /// <summary>Reads a parameter of a role.</summary>
    /// <exception cref="CheckpointException">The checkpoint lacks it, or is damaged.</exception>
    internal static float[] Read(LoadedCheckpoint checkpoint, string role, Parameter parameter)
    {
        Check(checkpoint, role, parameter);
        var values = GC.AllocateUninitializedArray<float>((int)parameter.Count);
        checkpoint.Tensors.Read(TensorName(role, parameter.Name), MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }

    private static void Read(LoadedCheckpoint checkpoint, Engine engine, string role, Arena arena)
    {
        var piece = new byte[1 << 20];
        foreach (var parameter in engine.Manifest.Layout.Parameters)
        {
            Check(checkpoint, role, parameter);
            var length = parameter.Count * sizeof(float);
            for (long offset = 0; offset < length; offset += piece.Length)
            {
                var part = piece.AsSpan(0, (int)Math.Min(piece.Length, length - offset));
                checkpoint.Tensors.Read(TensorName(role, parameter.Name), offset, part);
                arena.CopyFrom<float>(MemoryMarshal.Cast<byte, float>(part), parameter.Offset + offset / sizeof(float));
            }
        }
    }

    private static JsonObject? ToJson(EvaluationResult? result) => result is null ? null : new()
    {
        ["loss"] = Number(result.Loss),
        ["accuracy"] = Number(result.Accuracy),
        ["samples"] = result.Samples,
        ["top_k"] = result.TopK,
        ["top_k_accuracy"] = Number(result.TopKAccuracy),
        ["nll"] = Number(result.NegativeLogLikelihood),
        ["ece"] = Number(result.CalibrationError),
    };

    private static EvaluationResult? FromJson(JsonNode? node) => node is null ? null
        : new(Number(node["loss"]) ?? double.NaN, Number(node["accuracy"]), (long?)node["samples"] ?? 0)
        {
            TopK = (int?)node["top_k"],
            TopKAccuracy = Number(node["top_k_accuracy"]),
            NegativeLogLikelihood = Number(node["nll"]),
            CalibrationError = Number(node["ece"]),
        };

    // JSON has no NaN and no infinity: they are written as words.
    private static JsonNode? Number(double? value) => value is { } number && !double.IsFinite(number) ? number.ToString(CultureInfo.InvariantCulture) : value;

    private static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? word)
        ? double.TryParse(word, CultureInfo.InvariantCulture, out var number) ? number : double.NaN
        : (double?)node;
}
