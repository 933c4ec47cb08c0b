using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Cli;

/// <summary>A folder with a tiny classifier and tiny data, of its own for one test.</summary>
internal sealed class Sample : IDisposable
{
    internal const int Features = 6, Hidden = 8, Classes = 3, TrainingSamples = 96, TestSamples = 40;

    internal Sample()
    {
        File.WriteAllBytes(Model, Classifier());
        WriteNpz("data/train.npz", Clusters(TrainingSamples, seed: 1));
        WriteNpz("data/test.npz", Clusters(TestSamples, seed: 2));
    }

    internal string Path { get; } = Directory.CreateTempSubdirectory("sema-cli-").FullName;

    internal string Model => In("model.onnx");

    internal string Data => "npz:" + In("data");

    internal string In(string name) => System.IO.Path.Combine(Path, name);

    internal string Write(string name, string text)
    {
        File.WriteAllText(In(name), text);
        return In(name);
    }

    /// <summary>Writes float32 and int64 arrays as a NumPy archive.</summary>
    internal string WriteNpz(string name, params (string Name, int[] Shape, Array Values)[] arrays)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(In(name))!);
        using var zip = ZipFile.Open(In(name), ZipArchiveMode.Create);
        foreach (var (array, shape, values) in arrays)
        {
            using var entry = zip.CreateEntry(array + ".npy").Open();
            entry.Write(Npy(shape, values));
        }

        return In(name);
    }

    /// <summary>Writes a model of two inputs a sample and a rate for all, and data that it can learn: a · v + (b · rate) · w, where b alone tells the class.</summary>
    internal (string Model, string Data) TwoInputs()
    {
        var graph = new Graph("two");
        var (a, b) = (Rows("a"), Rows("part/b:0"));
        var rate = graph.AddInput("rate", ElementType.Int64, new Shape());
        var y = a.MatMul(Weight("v")) + (b * rate.Cast(ElementType.Float32)).MatMul(Weight("w"));
        graph.Rename(y, "y");
        graph.Outputs.Add(y);
        File.WriteAllBytes(In("two.onnx"), ModelWriter.Write(new Model(graph) { Opsets = { [""] = Graphs.Model.Opset } }));
        WriteNpz("two/train.npz", Pairs(TrainingSamples, seed: 1));
        WriteNpz("two/test.npz", Pairs(TestSamples, seed: 2));
        return (In("two.onnx"), "npz:" + In("two"));

        Value Rows(string name) => graph.AddInput(name, ElementType.Float32, new([new Dimension(-1, "batch"), new Dimension(Features)]));

        Value Weight(string name) => graph.AddInitializer(name, Tensor.Floats([Features, Classes], [.. Enumerable.Range(0, Features * Classes).Select(i => i % 5 * 0.1f - 0.2f)]));

        static (string, int[], Array)[] Pairs(int count, int seed)
        {
            var random = new Random(seed);
            var noise = Enumerable.Range(0, count * Features).Select(_ => random.NextSingle()).ToArray();
            return Clusters(count, seed) is [var (_, shape, clusters), var target] ? [("a", shape, noise), ("part_b_0", shape, clusters), target] : [];
        }
    }

    /// <summary>Writes a classifier whose hidden layer is normalised by batch: relu(BN(x W)) V.</summary>
    internal string Normalized()
    {
        var graph = new Graph("normalized");
        var x = graph.AddInput("x", ElementType.Float32, new([new Dimension(-1, "batch"), new Dimension(Features)]));
        var hidden = graph.Emit("BatchNormalization", [x.MatMul(Weight("w", Features, Hidden)), Vector("gamma", 1), Vector("beta", 0), Vector("mean", 0), Vector("variance", 1)]);
        var y = graph.Emit("Relu", [hidden]).MatMul(Weight("v", Hidden, Classes));
        graph.Rename(y, "y");
        graph.Outputs.Add(y);
        File.WriteAllBytes(In("normalized.onnx"), ModelWriter.Write(new Model(graph) { Opsets = { [""] = Graphs.Model.Opset } }));
        return In("normalized.onnx");

        Value Weight(string name, int rows, int columns) =>
            graph.AddInitializer(name, Tensor.Floats([rows, columns], [.. Enumerable.Range(0, rows * columns).Select(i => i % 7 * 0.1f - 0.3f)]));

        Value Vector(string name, float value) => graph.AddInitializer(name, Tensor.Floats([Hidden], [.. Enumerable.Repeat(value, Hidden)]));
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    // relu(x W1 + b1) W2 + b2, with a symbolic batch.
    private static byte[] Classifier()
    {
        var random = new Random(5);
        var graph = new Graph("classifier");
        var x = graph.AddInput("x", ElementType.Float32, new([new Dimension(-1, "batch"), new Dimension(Features)]));
        var hidden = graph.Emit("Relu", [x.MatMul(Weight("fc1.weight", Features, Hidden)) + Weight("fc1.bias", Hidden)]);
        var y = hidden.MatMul(Weight("fc2.weight", Hidden, Classes)) + Weight("fc2.bias", Classes);
        graph.Rename(y, "y");
        y.Shape = new([new Dimension(-1, "batch"), new Dimension(Classes)]);
        y.Type = ElementType.Float32;
        graph.Outputs.Add(y);
        return ModelWriter.Write(new Model(graph) { Opsets = { [""] = Graphs.Model.Opset } });

        Value Weight(string name, params long[] dims)
        {
            var values = new float[dims.Aggregate(1L, (n, d) => n * d)];
            foreach (ref var value in values.AsSpan())
                value = (random.NextSingle() - 0.5f) / 2;
            return graph.AddInitializer(name, Tensor.Floats(dims, values));
        }
    }

    // Around the c-th axis lie the samples of class c.
    private static (string, int[], Array)[] Clusters(int count, int seed)
    {
        var random = new Random(seed);
        var (input, target) = (new float[count * Features], new long[count]);
        for (var n = 0; n < count; n++)
        {
            target[n] = n % Classes;
            for (var f = 0; f < Features; f++)
                input[(n * Features) + f] = (f == n % Classes ? 1.5f : 0) + random.NextSingle() - 0.5f;
        }

        return [("input", [count, Features], input), ("target", [count], target)];
    }

    private static byte[] Npy(int[] shape, Array values)
    {
        var (descr, data) = values switch
        {
            float[] floats => ("<f4", MemoryMarshal.AsBytes<float>(floats).ToArray()),
            long[] integers => ("<i8", MemoryMarshal.AsBytes<long>(integers).ToArray()),
            _ => throw new ArgumentException("float32 or int64", nameof(values)),
        };
        var header = Encoding.ASCII.GetBytes($"{{'descr': '{descr}', 'fortran_order': False, 'shape': ({string.Concat(shape.Select(s => s + ","))}), }} \n");
        return [0x93, .. "NUMPY"u8, 1, 0, .. BitConverter.GetBytes((ushort)header.Length), .. header, .. data];
    }
}
