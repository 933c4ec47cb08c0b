using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Runtime;

/// <summary>Small graphs for these tests.</summary>
internal static class TestModels
{
    /// <summary>y = 2 x, over a vector of any length.</summary>
    internal static byte[] Doubled => Bytes(g =>
    {
        var x = g.AddInput("x", ElementType.Float32, Axes("n"));
        var y = x * 2.0;
        y.Shape = x.Shape;
        return [(y, "y")];
    });

    internal static Shape Axes(params string[] symbols) => new(symbols.Select(s => new Dimension(-1, s)));

    internal static byte[] Bytes(Func<Graph, (Value Value, string Name)[]> build) => ModelWriter.Write(Model(build));

    internal static Model Model(Func<Graph, (Value Value, string Name)[]> build)
    {
        var graph = new Graph("test");
        foreach (var (value, name) in build(graph))
        {
            if (value.Name != name)
                graph.Rename(value, name);
            graph.Outputs.Add(value);
        }

        return new Model(graph) { Opsets = { [""] = Graphs.Model.Opset } };
    }

    internal static float[] Random(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2) - 1)];
    }
}
