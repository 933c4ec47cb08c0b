namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>Computes the gradient of one input from the gradient <paramref name="dY"/> of the node's output.</summary>
internal delegate Value Pullback(Node y, Value dY);

/// <summary>Computes the gradients of all inputs at once, from those of all outputs (absent where nobody reads the output).</summary>
internal delegate IReadOnlyList<Value?> JointPullback(Node y, IReadOnlyList<Value?> dYs);

/// <summary>
/// Computes the gradients of what a node with bodies reads, its inputs and what its bodies take from the graph around, as far as they are
/// wanted; a value read twice may come twice.
/// </summary>
internal delegate IEnumerable<(Value X, Value DX)> BodyPullback(Node y, IReadOnlyList<Value?> dYs, Func<Value, bool> wanted);

/// <summary>The vector–Jacobian product of one operator.</summary>
internal sealed class GradientRule
{
    private readonly BodyPullback _pull;
    private readonly Func<int, bool> _differentiable;

    private GradientRule(BodyPullback pull, Func<int, bool> differentiable) => (_pull, _differentiable) = (pull, differentiable);

    private GradientRule(JointPullback pull, Func<int, bool> differentiable) =>
        (_pull, _differentiable) = ((y, dYs, wanted) => ByInput(y, pull(y, dYs), wanted), differentiable);

    /// <summary>
    /// Gets how many trailing axes are the operator's own, where it broadcasts the others: 0 for elementwise operators,
    /// 2 for matrix products, null where nothing is broadcast.
    /// </summary>
    internal int? CoreAxes { get; private init; }

    /// <summary>Gets how many outputs, from the first, may lead to the loss; the gradient of a further one is not known.</summary>
    internal int Outputs { get; private init; } = int.MaxValue;

    /// <summary>Gets whether the rule holds for a node: some attributes make another operator of it.</summary>
    internal Func<Node, bool> Knows { get; private init; } = _ => true;

    /// <summary>One pullback an input; an input without one (an index, a shape, a bound) stops the gradient, and so do further outputs.</summary>
    /// <param name="pullbacks">The pullbacks by input; the last serves all further inputs when the operator is variadic.</param>
    /// <param name="coreAxes">See <see cref="CoreAxes"/>.</param>
    /// <param name="variadic">Whether the last pullback serves all further inputs.</param>
    internal static GradientRule Of(Pullback?[] pullbacks, int? coreAxes = null, bool variadic = false)
    {
        return new(Pull, i => At(i) is not null) { CoreAxes = coreAxes };

        Pullback? At(int i) => i < pullbacks.Length ? pullbacks[i] : variadic ? pullbacks[^1] : null;

        IReadOnlyList<Value?> Pull(Node y, IReadOnlyList<Value?> dYs) => new LazyList(y, i => dYs[0] is { } dY ? At(i)?.Invoke(y, dY) : null);
    }

    /// <summary>One function for all inputs, where they share work or the operator has several outputs.</summary>
    /// <param name="pull">The function.</param>
    /// <param name="differentiable">How many inputs, from the first, carry a gradient.</param>
    /// <param name="coreAxes">See <see cref="CoreAxes"/>.</param>
    /// <param name="outputs">See <see cref="Outputs"/>.</param>
    internal static GradientRule Joint(
        JointPullback pull, int differentiable = int.MaxValue, int? coreAxes = null, int outputs = int.MaxValue) =>
        new(pull, i => i < differentiable) { CoreAxes = coreAxes, Outputs = outputs };

    /// <summary>One function for all that a node with bodies reads.</summary>
    internal static GradientRule OfBodies(BodyPullback pull) => new(pull, _ => true);

    /// <summary>The rule, for the nodes of one form only.</summary>
    internal GradientRule When(Func<Node, bool> knows) => new(_pull, _differentiable) { CoreAxes = CoreAxes, Outputs = Outputs, Knows = knows };

    /// <summary>Gets whether a gradient can flow to an input.</summary>
    internal bool Reaches(int input) => _differentiable(input);

    /// <summary>Gets the gradients of what the node reads and is wanted, in the output's shape on broadcast axes; each is built when it is enumerated.</summary>
    internal IEnumerable<(Value X, Value DX)> Gradients(Node y, IReadOnlyList<Value?> dYs, Func<Value, bool> wanted) => _pull(y, dYs, wanted);

    private IEnumerable<(Value X, Value DX)> ByInput(Node y, IReadOnlyList<Value?> dXs, Func<Value, bool> wanted)
    {
        for (var i = 0; i < y.Inputs.Count; i++)
        {
            if (y.Inputs[i] is { } x && wanted(x) && Reaches(i) && dXs[i] is { } dX)
                yield return (x, dX);
        }
    }

    // Reads a pullback only for the inputs that the walker asks for.
    private sealed class LazyList(Node y, Func<int, Value?> at) : IReadOnlyList<Value?>
    {
        public int Count => y.Inputs.Count;

        public Value? this[int index] => at(index);

        public IEnumerator<Value?> GetEnumerator() => Enumerable.Range(0, Count).Select(at).GetEnumerator();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
