using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Export;

/// <summary>A classifier of vectors [.., 4] with 3 classes: Gemm, an activation, Reshape, Gemm, Softmax.</summary>
internal sealed record SmallModel
{
    internal const int Features = 4, Hidden = 5, Classes = 3;

    /// <summary>Gets the weights in the file's order.</summary>
    internal static readonly IReadOnlyDictionary<string, long[]> Weights = new Dictionary<string, long[]>
    {
        ["body.weight"] = [Hidden, Features],
        ["body.bias"] = [Hidden],
        ["head.weight"] = [Classes, Hidden],
        ["head.bias"] = [Classes],
    };

    /// <summary>Gets the operator between the layers.</summary>
    internal string Activation { get; init; } = "Relu";

    /// <summary>Gets whether the input has one sample, and the constants of Reshape say so.</summary>
    internal bool BakedBatch { get; init; }

    /// <summary>Gets the version of the file format; below 4 every initializer is an input as well.</summary>
    internal long IrVersion { get; init; } = 8;

    /// <summary>Gets whether the last Reshape names the classes.</summary>
    internal bool NamesClasses { get; init; } = true;

    internal static float[] Initial(string name)
    {
        var random = new Random(name.Length);
        return [.. Enumerable.Range(0, (int)Tensor.ElementCount(Weights[name])).Select(_ => random.NextSingle() - 0.5f)];
    }

    internal static byte[] InitialBytes(string name) => MemoryMarshal.AsBytes(Initial(name).AsSpan()).ToArray();

    internal Model Build()
    {
        var graph = new Graph("small");
        var batch = BakedBatch ? new Dimension(1) : new Dimension(-1, "batch");
        var rows = BakedBatch ? 1 : -1;
        var x = graph.AddInput("x", ElementType.Float32, new Shape(batch, new Dimension(Features)));
        foreach (var (name, dims) in Weights)
            graph.AddInitializer(name, Tensor.Floats(dims, Initial(name)));
        graph.AddInitializer("hidden.shape", Tensor.Vector(rows, Hidden));
        graph.AddInitializer("classes.shape", Tensor.Vector(rows, Classes));
        var hidden = graph.Emit("Gemm", [x, graph.Find("body.weight"), graph.Find("body.bias")], ("transB", 1));
        hidden = graph.Emit("Reshape", [graph.Emit(Activation, [hidden]), graph.Find("hidden.shape")]);
        var logits = graph.Emit("Gemm", [hidden, graph.Find("head.weight"), graph.Find("head.bias")], ("transB", 1));
        var shaped = NamesClasses ? graph.Emit("Reshape", [logits, graph.Find("classes.shape")]) : logits;
        var y = graph.Renamed(graph.Emit("Softmax", [shaped], ("axis", 1)), "y");
        y.Shape = new Shape(batch, new Dimension(Classes));
        graph.Outputs.Add(y);
        if (IrVersion < 4)
            graph.Inputs.AddRange(graph.Initializers);
        return new Model(graph) { IrVersion = IrVersion, Producer = "test", Opsets = { [""] = IrVersion < 4 ? 7 : 13 }, Metadata = { ["author"] = "someone" } };
    }

    internal void Save(string path) => File.WriteAllBytes(path, ModelWriter.Write(Build()));

    /// <summary>Saves the model with its weights in <c>small.bin</c>, with gaps between them.</summary>
    internal void SaveExternal(string path)
    {
        var slices = new Dictionary<string, ExternalSlice>();
        using var data = new MemoryStream();
        foreach (var (name, dims) in Weights)
        {
            data.Position = slices.Count * 128;
            slices[name] = new("small.bin", data.Position, ElementType.Float32, dims);
            data.Write(InitialBytes(name));
        }

        File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(path)!, "small.bin"), data.ToArray());
        File.WriteAllBytes(path, ModelWriter.Write(Build(), slices));
    }
}
