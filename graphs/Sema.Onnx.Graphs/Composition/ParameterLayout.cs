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

    /// <summary>Gets whether groups follow each other from 0 on, and each parameter lies inside its group, behind those before it.</summary>
    internal bool IsSound()
    {
        var end = 0L;
        foreach (var group in Groups)
        {
            if (group.Start != end)
                return false;
            end += group.Length;
        }

        end = 0;
        foreach (var parameter in Parameters.Where(p => p.Count != 0))
        {
            if (Groups.FirstOrDefault(g => g.Name == parameter.Group) is not { } group
                || parameter.Offset < Math.Max(end, group.Start) || parameter.Count < 0 || parameter.Count > group.Start + group.Length - parameter.Offset)
            {
                return false;
            }

            end = parameter.Offset + parameter.Count;
        }

        return true;
    }

    /// <summary>Lays parameters out.</summary>
    /// <param name="trained">The trained initializers.</param>
    /// <param name="statistics">The running statistics, when they are live.</param>
    /// <param name="options">What groups there are.</param>
    /// <exception cref="InvalidModelException">A group fits no weight.</exception>
    internal static ParameterLayout Of(IReadOnlyList<Value> trained, IReadOnlyList<Value> statistics, CompositionOptions options)
    {
        var parameters = new List<Parameter>();
        var groups = new List<ParameterGroup>();
        var offset = 0L;
        foreach (var (group, weights) in new Grouping(options).Of(trained))
            Add(group, weights);
        if (statistics.Count > 0)
            Add(new(ParameterGroup.Statistics, 0, 0, false, 1, 0), statistics);
        return new(parameters, groups);

        void Add(ParameterGroup group, IReadOnlyList<Value> values)
        {
            var start = offset;
            foreach (var value in values)
            {
                parameters.Add(new(value.Name, value.KnownShape.Sizes, offset, group.Name));
                offset += (value.KnownShape.Count + Alignment - 1) / Alignment * Alignment;
            }

            if (offset > start)
                groups.Add(group with { Start = start, Length = offset - start });
        }
    }
}
