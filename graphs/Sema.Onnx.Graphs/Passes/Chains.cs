namespace Sema.Onnx.Graphs.Passes;

/// <summary>What stands before a value: the operators that a fused one was once written in, or that only hand it on.</summary>
internal static class Chains
{
    /// <summary>Gets the node of the standard's own that makes a value, if it is of an operator.</summary>
    internal static Node? Made(this Value value, string op) => value.Producer is { Domain.Length: 0 } node && node.OpType == op ? node : null;

    /// <summary>Gets the value behind Identity nodes, which may be one of a graph around.</summary>
    internal static Value Source(this Value value) => value.Made("Identity") is { } identity ? identity[0].Source() : value;

    /// <summary>Gets whether a value is a constant scalar near a number: what float16 makes of it is near enough.</summary>
    internal static bool IsConstant(this Value value, double number) => value.Scalar() is { } constant && Math.Abs(constant - number) < 1e-3 * Math.Abs(number);

    /// <summary>Gets the number of a constant scalar.</summary>
    internal static double? Scalar(this Value value) =>
        value is { Initializer: { Count: 1 } constant, Rank: 0 or 1 } && constant.Type.IsFloat() && value.Graph.Inputs.Contains(value) is false ? constant.ToFloat64()[0] : null;

    /// <summary>Gets both inputs of a value's operator, in either order; none where another operator made it.</summary>
    internal static IEnumerable<(Value, Value)> Operands(this Value value, string op) =>
        value.Made(op) is { } node ? [(node[0], node[1]), (node[1], node[0])] : [];
}
