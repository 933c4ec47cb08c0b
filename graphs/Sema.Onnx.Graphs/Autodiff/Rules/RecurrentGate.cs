namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>A gate of a recurrent operator: activation(clip(a)), with a way back.</summary>
/// <param name="Output">The activations.</param>
/// <param name="Pull">Takes the gradient of the activations back to a; it may have broadcast axes.</param>
internal sealed record RecurrentGate(Value Output, Func<Value, Value> Pull);
