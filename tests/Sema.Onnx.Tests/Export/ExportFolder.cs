using Sema.Onnx.Artifacts;
using Sema.Onnx.Graphs.Composition;

namespace Sema.Onnx.Export;

/// <summary>A temporary folder with <c>from/model.onnx</c>, its training graphs, and <c>to/</c> for what is exported.</summary>
internal sealed class ExportFolder : IDisposable
{
    internal const int Batch = 4;

    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("export");

    internal ExportFolder()
    {
        _root.CreateSubdirectory("from");
        _root.CreateSubdirectory("to");
    }

    internal string Original => Path.Combine(_root.FullName, "from", "model.onnx");

    internal string Artifacts => Path.Combine(_root.FullName, "artifacts");

    internal string Output => Path.Combine(_root.FullName, "to", "tuned.onnx");

    /// <summary>Gets the names of all files and folders below <c>to/</c>.</summary>
    internal string Written => string.Join(' ', Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Output)!, "*", SearchOption.AllDirectories)
        .Select(Path.GetFileName).Order(StringComparer.Ordinal));

    /// <summary>Makes the training graphs of the model, and weights that a training might have made.</summary>
    internal Dictionary<string, ReadOnlyMemory<float>> Train(CompositionOptions? options = null)
    {
        var layout = ArtifactBuilder.Build(Original, Artifacts, options ?? new(), [Batch, SmallModel.Features]);
        var random = new Random(7);
        return layout.Parameters.ToDictionary(p => p.Name, p =>
            (ReadOnlyMemory<float>)Enumerable.Range(0, (int)p.Count).Select(_ => random.NextSingle() - 0.5f).ToArray());
    }

    internal ExportReport Export(
        IReadOnlyDictionary<string, ReadOnlyMemory<float>> weights, ExportOptions? options = null, params ReadOnlyMemory<byte>[] proof) =>
        ModelExporter.Export(Original, Artifacts, Output, weights, options, proof.Select(batch => new Dictionary<string, ReadOnlyMemory<byte>> { ["x"] = batch }));

    internal string Refusal(IReadOnlyDictionary<string, ReadOnlyMemory<float>> weights, ExportOptions? options = null) =>
        Assert.ThrowsExactly<ExportException>(() => Export(weights, options)).Message;

    public void Dispose() => _root.Delete(recursive: true);
}
