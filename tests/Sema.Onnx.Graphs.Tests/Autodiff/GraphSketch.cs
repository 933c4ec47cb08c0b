namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>A graph under test with values for its inputs, in float64: built by operators, differentiated and run.</summary>
internal sealed class GraphSketch
{
    private readonly Dictionary<string, Tensor> _feeds = [];

    internal Graph Graph { get; } = new("sketch");

    /// <summary>Adds an input that holds a vector.</summary>
    internal Value Input(string name, params double[] elements) => Input(name, [elements.Length], elements);

    internal Value Input(string name, long[] dims, params double[] elements)
    {
        _feeds[name] = GradientCheck.TensorOf(ElementType.Float64, dims, elements);
        return Graph.AddInput(name, ElementType.Float64, Shape.Of(dims));
    }

    internal Value Emit(string op, IEnumerable<Value?> inputs, params Attribute[] attributes) => Graph.Emit(op, inputs, attributes);

    /// <summary>Runs the graph for some of its values.</summary>
    internal double[][] Run(params IEnumerable<Value> values)
    {
        var outputs = values.ToList();
        Graph.Outputs.Clear();
        Graph.Outputs.AddRange(outputs.Distinct());
        var results = OnnxRunner.Run(Graph, _feeds);
        Graph.Outputs.Clear();
        return [.. outputs.Select(v => results[v.Name].ToFloat64())];
    }

    /// <summary>The gradients of the sum of a value's elements.</summary>
    internal IReadOnlyDictionary<Value, Value> Differentiate(Value y, params Value[] wrt)
    {
        var loss = y.SumAll();
        OnnxRunner.InferShapes(Graph);
        return Differentiator.Gradients(loss, wrt);
    }

    /// <summary>Those gradients in numbers.</summary>
    internal double[][] Gradients(Value y, params Value[] wrt)
    {
        var gradients = Differentiate(y, wrt);
        return Run(wrt.Select(x => gradients[x]));
    }
}
