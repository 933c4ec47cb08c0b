using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>A temporary folder with models of one graph and other weights each, and <c>to/</c> for their averages.</summary>
internal sealed class SoupFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    internal SoupFolder() => Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Output)!);

    internal string Output => In("to/soup.onnx");

    /// <summary>Gets the names of all that stands in <c>to/</c>.</summary>
    internal string Written => string.Join(' ', Directory.EnumerateFileSystemEntries(System.IO.Path.GetDirectoryName(Output)!).Select(System.IO.Path.GetFileName).Order(StringComparer.Ordinal));

    internal string In(string name) => System.IO.Path.Combine(_folder.Path, name);

    /// <summary>Saves a model after a change.</summary>
    internal string Save(string name, Model model, Action<Graph>? change = null)
    {
        change?.Invoke(model.Graph);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(In(name))!);
        File.WriteAllBytes(In(name), ModelWriter.Write(model));
        return In(name);
    }

    /// <summary>Saves the multilayer perceptron with noise of a strength on its weights.</summary>
    internal string Member(int seed, float noise = 1) => Save($"{seed}.onnx", TinyModels.Mlp(), graph => Disturb(graph, seed, noise));

    internal static void Disturb(Graph graph, int seed, float noise)
    {
        var random = new Random(seed);
        foreach (var weight in graph.Initializers.Where(v => v.Type == ElementType.Float32).ToList())
            weight.Initializer = Tensor.Floats([.. weight.Initializer!.Dims], [.. weight.Initializer.As<float>().ToArray().Select(w => w + (noise * (random.NextSingle() - 0.5f)))]);
    }

    /// <summary>Reads a tensor of a model file.</summary>
    internal static Tensor Read(string path, string name) => ModelReader.Read(path).Graph.Find(name)!.Initializer!;

    internal string Refusal(params string[] models)
    {
        var message = Assert.ThrowsExactly<ExportException>(() => ModelSoup.Uniform(models, Output)).Message;
        Assert.AreEqual("", Written);
        return message;
    }

    public void Dispose() => _folder.Dispose();
}
