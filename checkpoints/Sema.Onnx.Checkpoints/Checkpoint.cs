using System.Text.Json.Nodes;

namespace Sema.Onnx.Checkpoints;

/// <summary>The state of a run at one step, to be saved.</summary>
/// <param name="Step">Optimizer steps done, 0 or more; it names the checkpoint's folder.</param>
/// <param name="State">
/// Everything that is no tensor, in the caller's own words: at most 60 levels deep, at most 100 MB as JSON, no NaN or
/// infinity.
/// </param>
/// <param name="Tensors">The tensors, each name once, in any order.</param>
public sealed record Checkpoint(long Step, JsonObject State, IReadOnlyList<TensorEntry> Tensors);
