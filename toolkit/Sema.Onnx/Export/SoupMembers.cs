using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Patching;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Training;

namespace Sema.Onnx.Export;

/// <summary>Models of one graph, whose float constants are averaged. Large tensors stay in their files until they are written.</summary>
internal sealed class SoupMembers : IDisposable
{
    private const int Piece = 1 << 18;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sema-soup-");
    private readonly List<string> _files = [];
    private readonly HashSet<string> _kept = [];
    private readonly List<(string Name, Tensor[] Tensors)> _differing = [];

    /// <param name="models">Model files, or the folders of runs.</param>
    /// <param name="weights">Which weights of the runs.</param>
    /// <exception cref="ExportException">They are not the same graph, or one is given twice.</exception>
    internal SoupMembers(IReadOnlyList<string> models, string? weights)
    {
        try
        {
            foreach (var model in models)
                Add(model, weights);
            Compare(models);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gets the model files.</summary>
    internal IReadOnlyList<string> Files => _files;

    /// <summary>Writes an average beside its place: the first model with other values.</summary>
    /// <param name="parts">What of each model is taken, 0 for nothing.</param>
    /// <param name="whole">What the sum is divided by.</param>
    /// <param name="output">The place.</param>
    internal (StagedModel Model, ModelPatch Patch) Write(IReadOnlyList<double> parts, double whole, string output)
    {
        int[] taken = [.. Enumerable.Range(0, parts.Count).Where(k => parts[k] != 0)];
        var patch = new ModelPatch
        {
            Tensors = _differing.Where(_ => taken is not [0]).ToDictionary(t => t.Name, t => new TensorPatch(t.Tensors[0].Dims, DeferredBytes.Of(
                (int)t.Tensors[0].ByteLength, () => taken is [var only] ? t.Tensors[only].Data : Mean(t.Name, [.. taken.Select(k => (t.Tensors[k], parts[k]))], whole)))),
        };
        var staged = new StagedModel(_files[0], output, _kept);
        try
        {
            ModelPatcher.Patch(_files[0], staged.Path, patch);
            ModelExporter.Check(_files[0], staged.Path, patch);
            return (staged, patch);
        }
        catch (ModelPatchException e)
        {
            staged.Dispose();
            throw new ExportException(e.Message, e);
        }
        catch
        {
            staged.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    // A run is exported first; its weights then stand in a file like any other's.
    private void Add(string model, string? weights)
    {
        var (path, file) = (model, model);
        if (Directory.Exists(model))
        {
            path = new RunFolder(model).Read().Model;
            file = Path.Combine(_folder.CreateSubdirectory($"{_files.Count}").FullName, Path.GetFileName(path));
            RunExport.Export(model, file, new() { Weights = weights });
        }
        else if (!File.Exists(model))
        {
            throw new FileNotFoundException($"There is no model '{model}'.", model);
        }

        _files.Add(file);
        _kept.UnionWith(Listed(path));
    }

    private static IReadOnlyList<string> Listed(string path)
    {
        try
        {
            return ModelFiles.Of(path);
        }
        catch (ModelPatchException e)
        {
            throw new InvalidModelException($"'{path}' cannot be used: {e.Message}", e);
        }
    }

    private void Compare(IReadOnlyList<string> names)
    {
        if (_files.Select(ContainedPath.Real).GroupBy(f => f).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new ExportException($"The model '{twice.Key}' is given twice; name each one once.");
        Model[] models = [.. _files.Select(f => ModelReader.Read(f, large: 0))];
        for (var k = 1; k < models.Length; k++)
        {
            if (GraphDifference.Find(models[0], models[k]) is { } difference)
                throw new ExportException($"'{names[0]}' and '{names[k]}' are not the same graph: {difference}.");
        }

        var constants = models.Select(m => GraphDifference.Constants(m.Graph).ToList()).ToArray();
        for (var i = 0; i < constants[0].Count; i++)
        {
            Tensor[] tensors = [.. constants.Select(c => c[i].Initializer!)];
            if (tensors.Any(t => !t.IsSame(tensors[0])))
                _differing.Add((constants[0][i].Name, tensors));
        }

        if (_differing.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } name)
            throw new ExportException($"Two weights of '{names[0]}' have the name '{name.Key}', in graphs within one another; rename one of them.");
    }

    /// <summary>(Σ part·values) / whole, in float64, rounded once.</summary>
    private static byte[] Mean(string name, (Tensor Tensor, double Part)[] parts, double whole)
    {
        var (type, count) = (parts[0].Tensor.Type, parts[0].Tensor.Count);
        var (size, bytes, sum) = (type.Size(), new byte[parts[0].Tensor.ByteLength], new double[Math.Min(Piece, count)]);
        for (long start = 0; start < count; start += Piece)
        {
            var length = (int)Math.Min(Piece, count - start);
            var piece = bytes.AsSpan((int)(start * size), length * size);
            foreach (var (k, (tensor, part)) in parts.Index())
            {
                tensor.Read(start * size, piece);
                var values = new Tensor(type, [length], piece.ToArray()).ToFloat64();
                for (var i = 0; i < length; i++)
                    sum[i] = k == 0 ? part * values[i] : sum[i] + (part * values[i]);   // begun with a term, not with 0, −0 stays −0
            }

            for (var i = 0; i < length; i++)
            {
                sum[i] /= whole;
                if (double.IsNaN(sum[i]))
                    throw new ExportException($"The average of '{name}' is no number at element {start + i}: one of the models holds NaN or infinity there; leave it out.");
            }

            FloatRounding.Round(type, sum.AsSpan(0, length), piece);
        }

        return bytes;
    }
}
