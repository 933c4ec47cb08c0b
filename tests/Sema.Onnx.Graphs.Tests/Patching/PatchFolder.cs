using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Patching;

/// <summary>A temporary folder with <c>from/model.onnx</c>, and <c>to/</c> for its patched copy.</summary>
internal sealed class PatchFolder : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("patching");

    public PatchFolder()
    {
        Directory.CreateDirectory(From());
        Directory.CreateDirectory(To());
    }

    public string Root => _root.FullName;

    public string Source => From("model.onnx");

    public string Destination => To("model.onnx");

    public string From(string location = "") => Path.Combine(Root, "from", location);

    public string To(string location = "") => Path.Combine(Root, "to", location);

    /// <summary>Every file below <c>to/</c>, in order, with a space between.</summary>
    public string Written()
    {
        var files = Directory.EnumerateFiles(To(), "*", SearchOption.AllDirectories);
        return string.Join(' ', files.Select(f => Path.GetRelativePath(To(), f)).Order(StringComparer.Ordinal));
    }

    /// <summary>Patches a model; gives the bytes of the new file.</summary>
    public byte[] Patch(byte[] model, ModelPatch patch)
    {
        File.WriteAllBytes(Source, model);
        ModelPatcher.Patch(Source, Destination, patch);
        return File.ReadAllBytes(Destination);
    }

    /// <summary>Patches one tensor; gives the bytes of the new file.</summary>
    public byte[] Patch(byte[] model, string name, long[] dims, byte[] data) =>
        Patch(model, new ModelPatch { Tensors = new Dictionary<string, TensorPatch> { [name] = new(dims, data) } });

    /// <summary>Patches one tensor; gives the graph of the new file.</summary>
    public GraphProto PatchedGraph(byte[] model, string name, long[] dims, byte[] data) =>
        ModelProto.Parser.ParseFrom(Patch(model, name, dims, data)).Graph;

    public ModelPatchException Refusal(byte[] model, string name, long[] dims, byte[] data) =>
        Assert.ThrowsExactly<ModelPatchException>(() => Patch(model, name, dims, data));

    public void Dispose() => _root.Delete(recursive: true);
}
