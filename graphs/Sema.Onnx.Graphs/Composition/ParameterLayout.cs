namespace Sema.Onnx.Graphs.Composition;

/// <summary>The order of all live parameters in one flat vector, each at a 256-byte boundary.</summary>
/// <param name="Parameters">The parameters, by offset.</param>
/// <param name="Groups">The groups, by start; together they cover the vector.</param>
public sealed record ParameterLayout(IReadOnlyList<Parameter> Parameters, IReadOnlyList<ParameterGroup> Groups)
{
    /// <summary>The boundary of every parameter, in float32 elements (256 bytes).</summary>
    internal const long Alignment = 64;

    /// <summary>Gets the vector's length in elements.</summary>
    public long Length => Groups.Sum(g => g.Length);

    /// <summary>Lays parameters out.</summary>
    /// <param name="trained">The trained initializers.</param>
    /// <param name="statistics">The running statistics, when they are live.</param>
    /// <param name="decayVectors">Whether weight decay applies to parameters of rank 0 and 1 too.</param>
    internal static ParameterLayout Of(IReadOnlyList<Value> trained, IReadOnlyList<Value> statistics, bool decayVectors)
    {
        var parameters = new List<Parameter>();
        var groups = new List<ParameterGroup>();
        var offset = 0L;
        Add("decay", trained.Where(v => decayVectors || v.Rank > 1), true, true);
        Add("no_decay", trained.Where(v => !decayVectors && v.Rank <= 1), true, false);
        Add("statistics", statistics, false, false);
        return new(parameters, groups);

        void Add(string name, IEnumerable<Value> values, bool trains, bool decays)
        {
            var start = offset;
            foreach (var value in values)
            {
                parameters.Add(new(value.Name, value.KnownShape.Sizes, offset, name));
                offset += (value.KnownShape.Count + Alignment - 1) / Alignment * Alignment;
            }

            if (offset > start)
                groups.Add(new(name, start, offset - start, trains, decays));
        }
    }
}
