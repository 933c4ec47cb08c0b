namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>How weights move: the update of one step, as a graph over flat vectors.</summary>
/// <remarks>
/// The learning rate is the schedule's. Definitions are PyTorch's where it has the optimizer, so that trajectories can be compared
/// (<see href="https://pytorch.org/docs/stable/optim.html">torch.optim</see>), else the papers'; each record names its own.
/// </remarks>
public abstract record Optimizer
{
    /// <summary>Gets the weight decay λ, at least 0. Default 0.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Gets the names of the state vectors, each as long as the weights and 0 at the start.</summary>
    internal abstract IReadOnlyList<string> Slots { get; }

    /// <summary>
    /// Gets whether a step looks at a parameter as a whole, at its norm or its rows, so that the host runs it once a parameter; else it
    /// is elementwise, and runs over any piece of the flat vectors.
    /// </summary>
    internal virtual bool IsPerParameter => false;

    /// <summary>Gets the names of further scalars that depend on the number of the step and the learning rates so far.</summary>
    internal virtual IReadOnlyList<string> Scalars => [];

    /// <summary>Gets the values of <see cref="Scalars"/> at step 1, 2, 3, ... without end.</summary>
    /// <param name="rate">The learning rate of a step, from 1.</param>
    internal virtual IEnumerable<IReadOnlyList<double>> ScalarValues(Func<long, double> rate) => throw new NotSupportedException($"{GetType().Name} has no scalars of its own.");

    /// <summary>Gets the slot that is the weights' average by the optimizer's own definition, to be evaluated and exported, if there is one.</summary>
    internal virtual string? AverageSlot => null;

    /// <summary>Appends one step.</summary>
    /// <returns>The weights and the slots after the step.</returns>
    internal abstract (Value Weights, IReadOnlyList<Value> Slots) Step(OptimizerInputs x);

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentOutOfRangeException">One is outside its range.</exception>
    internal virtual void Validate() => Require(WeightDecay >= 0, nameof(WeightDecay), WeightDecay, "at least 0");

    // g + λ w: weight decay as a part of the gradient
    private protected static Value WithDecay(OptimizerInputs x) => x.G + x.Scalar(x.WeightDecay) * x.W;

    // (1 − η λ) w: decoupled weight decay, as AdamW's
    private protected static Value Shrunk(OptimizerInputs x) => x.W * x.Scalar(1 - x.LearningRate * x.WeightDecay);

    private protected static void Require(bool holds, string name, double value, string range)
    {
        if (!holds || !double.IsFinite(value))
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {range}.");
    }
}

/// <summary>What an update reads.</summary>
/// <param name="W">The weights, float32 [n].</param>
/// <param name="G">The gradient, float32 [n], scaled and clipped already.</param>
/// <param name="Slots">The optimizer's state vectors, float32 [n] each.</param>
/// <param name="LearningRate">float64 scalar.</param>
/// <param name="WeightDecay">float64 scalar; 0 for weights without decay.</param>
/// <param name="Step">float64 scalar: the number of this step, from 1; always 1 for running statistics, which are not trained.</param>
/// <param name="Scalars">The optimizer's own float64 scalars.</param>
/// <param name="Sizes">For an optimizer that looks at whole parameters: int64 [3], the parameter's first size, its last but one and its last; 1 for those that it lacks; else null.</param>
internal sealed record OptimizerInputs(
    Value W, Value G, IReadOnlyList<Value> Slots, Value LearningRate, Value WeightDecay, Value Step, IReadOnlyList<Value> Scalars, Value? Sizes)
{
    /// <summary>A scalar, computed in float64, as the vectors' type.</summary>
    internal Value Scalar(Value value) => value.Cast(W.Type);
}
