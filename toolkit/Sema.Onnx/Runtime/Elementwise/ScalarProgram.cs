using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Elementwise;

/// <summary>The scalars of a graph, computed as ONNX Runtime computes them: each operation in its own type.</summary>
internal sealed class ScalarProgram
{
    private readonly Dictionary<string, ElementType> _types = [];
    private readonly Dictionary<string, double> _constants = [];
    private readonly List<Node> _nodes = [];

    /// <summary>Gets whether a value is a scalar that the program knows.</summary>
    internal bool Has(Value value) => _types.ContainsKey(value.Name);

    /// <summary>Gets whether a known scalar is a condition.</summary>
    internal bool IsCondition(Value value) => _types[value.Name] == ElementType.Bool;

    /// <summary>Takes an input or a constant in, if it is a scalar of float32 or float64.</summary>
    internal bool TryAdd(Value value)
    {
        if (value.Shape is not { Rank: 0 } || value.Type is not (ElementType.Float32 or ElementType.Float64))
            return false;
        if (value.Initializer is { } constant)
            _constants[value.Name] = value.Type == ElementType.Float64 ? constant.As<double>()[0] : constant.As<float>()[0];
        _types[value.Name] = value.Type;
        return true;
    }

    /// <summary>Takes a node in, if it computes a scalar of known ones by an operator that is known here.</summary>
    internal bool TryAdd(Node node)
    {
        if (node.Domain.Length > 0 || node.Outputs is not [{ } output] || !node.Inputs.TrueForAll(i => i is not null && Has(i)))
            return false;
        var type = (node.OpType, node.Inputs.Count) switch
        {
            ("Add" or "Sub" or "Mul" or "Div" or "Pow" or "Max" or "Min", 2) or ("Neg" or "Sqrt" or "Abs" or "Identity", 1) => _types[node[0].Name],
            ("Cast", 1) => (ElementType)node.Int("to", 0),
            ("Where", 3) => _types[node[1].Name],
            ("Greater" or "GreaterOrEqual" or "Less" or "LessOrEqual" or "Equal", 2) => ElementType.Bool,
            _ => ElementType.Undefined,
        };
        if (type is not (ElementType.Float32 or ElementType.Float64 or ElementType.Bool))
            return false;
        _types[output.Name] = type;
        _nodes.Add(node);
        return true;
    }

    /// <summary>Computes all scalars; a condition is 1 or 0.</summary>
    /// <param name="inputs">The graph's scalar inputs, by name.</param>
    internal IReadOnlyDictionary<string, double> Run(IReadOnlyDictionary<string, double> inputs)
    {
        var values = new Dictionary<string, double>(_constants);
        foreach (var (name, value) in inputs)
            values[name] = value;
        foreach (var node in _nodes)
        {
            double X(int input) => values[node[input].Name];
            var value = node.OpType switch
            {
                "Add" => X(0) + X(1),
                "Sub" => X(0) - X(1),
                "Mul" => X(0) * X(1),
                "Div" => X(0) / X(1),
                "Pow" => Power(X(0), X(1)),
                "Max" => Math.Max(X(0), X(1)),
                "Min" => Math.Min(X(0), X(1)),
                "Neg" => -X(0),
                "Sqrt" => Math.Sqrt(X(0)),
                "Abs" => Math.Abs(X(0)),
                "Where" => X(0) != 0 ? X(1) : X(2),
                "Greater" => X(0) > X(1) ? 1 : 0,
                "GreaterOrEqual" => X(0) >= X(1) ? 1 : 0,
                "Less" => X(0) < X(1) ? 1 : 0,
                "LessOrEqual" => X(0) <= X(1) ? 1 : 0,
                "Equal" => X(0) == X(1) ? 1 : 0,
                _ => X(0),
            };

            // Rounded from float64, a sum, product, quotient or root of float32 numbers is float32's own.
            values[node.Output.Name] = _types[node.Output.Name] == ElementType.Float32 ? (float)value : value;
        }

        return values;
    }

    // ONNX Runtime multiplies for these two exponents.
    private static double Power(double x, double y) => y switch { 2 => x * x, 3 => x * x * x, _ => Math.Pow(x, y) };
}
