using Sema.Onnx.Data;
using Sema.Onnx.Data.Formats;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Training;

/// <summary>Where a data set holds each of a model's inputs.</summary>
internal static class ModelInputs
{
    /// <summary>Finds them.</summary>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="data">The samples.</param>
    /// <returns>By input: a number, an array, or <see langword="null"/> for the data set's own input.</returns>
    /// <exception cref="DataException">An input is missing, or a number is for none; the message says what there is.</exception>
    internal static IReadOnlyDictionary<string, object?> Find(IReadOnlyList<Value> inputs, IDataset data)
    {
        if (data.Constants.Keys.FirstOrDefault(name => inputs.All(i => i.Name != name)) is { } unknown)
            throw new DataException($"--input {unknown}=...: the model has no input '{unknown}'; it has {Listed(inputs)}.");
        var found = inputs.ToDictionary(i => i.Name, object? (i) => data.Constants.TryGetValue(i.Name, out var number) ? number : data.Find(i.Name) ?? data.Find(Plain(i.Name)));
        var missing = inputs.Where(i => found[i.Name] is null).ToList();

        // One input that nothing is named after takes what the data call their input.
        var free = data.Arrays.Count == 0 || (data.Arrays.Contains(NpzDataset.InputName) && !found.ContainsKey(NpzDataset.InputName));
        if (missing.Count > (free ? 1 : 0))
        {
            throw new DataException($"The data hold no array for the model's {(missing.Count == 1 ? "input" : "inputs")} {Listed(missing)}; they hold "
                + $"{string.Join(", ", data.Arrays.DefaultIfEmpty(NpzDataset.InputName).Append("target").Select(n => $"'{n}'"))}. "
                + $"Add an array by that name to the .npz file, or give a number for all samples, such as --input {missing[^1].Name}=0.");
        }

        return found;
    }

    /// <summary>Lists inputs with their types and shapes.</summary>
    internal static string Listed(IEnumerable<Value> inputs) => string.Join(", ", inputs.Select(i => $"'{i.Name}' {i.Type.Name()} {(object?)i.Shape ?? "(of any shape)"}"));

    /// <summary>Gets a name in which / or :, which do not go everywhere that an array's name goes, are written _.</summary>
    internal static string Plain(string name) => string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_'));
}
