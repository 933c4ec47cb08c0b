namespace Sema.Onnx.Graphs;

/// <summary>Finds where two models are not the same graph: they may differ in the values of float constants, and in nothing else that is computed.</summary>
/// <remarks>How a file stores its tensors, what its nodes are called and what it says of itself do not matter.</remarks>
internal static class GraphDifference
{
    /// <summary>Compares two models.</summary>
    /// <param name="first">The one.</param>
    /// <param name="second">The other.</param>
    /// <returns>The first difference in words, such as <c>the weight 'w' is float32 [2, 3] in the one and float32 [3, 3] in the other</c>;
    /// <see langword="null"/> where there is none.</returns>
    internal static string? Find(Model first, Model second) =>
        !first.Opsets.SequenceEqual(second.Opsets) ? $"they speak the operator sets {Listed(first.Opsets)} and {Listed(second.Opsets)}"
        : first.Functions.Count != second.Functions.Count ? $"they define {first.Functions.Count} and {second.Functions.Count} functions of their own"
        : Between(first.Graph, second.Graph) ?? first.Functions.Zip(second.Functions, Between).FirstOrDefault(d => d is not null);

    /// <summary>Gets the constants of a graph and of the graphs within it.</summary>
    internal static IEnumerable<Value> Constants(Graph graph) =>
        graph.Initializers.Concat(graph.Nodes.SelectMany(n => n.Attributes).Select(a => a.Value).OfType<Graph>().SelectMany(Constants));

    private static string? Between(Function first, Function second) =>
        (first.Domain, first.Name) != (second.Domain, second.Name) || !first.Attributes.SequenceEqual(second.Attributes) || !(first.Opsets ?? NoOpsets).SequenceEqual(second.Opsets ?? NoOpsets)
        || !Same(first.Defaults, second.Defaults)
            ? $"they define the functions '{first.Name}' and '{second.Name}' differently"
            : Between(first.Body, second.Body) is { } difference ? $"in the function '{first.Name}' {difference}"
            : first.Body.Initializers.FirstOrDefault(v => !SameTensor(v.Initializer!, second.Body.Find(v.Name)!.Initializer!)) is { } constant
            ? $"in the function '{first.Name}' the constant '{constant.Name}' has other values"
            : null;

    private static string? Between(Graph first, Graph second) =>
        Values("input", first.Inputs, second.Inputs)
        ?? Values("output", first.Outputs, second.Outputs)
        ?? Tensors(first, second)
        ?? (first.Nodes.Count != second.Nodes.Count ? $"they have {first.Nodes.Count} and {second.Nodes.Count} nodes" : null)
        ?? first.Nodes.Zip(second.Nodes, Between).FirstOrDefault(d => d is not null);

    private static string? Values(string what, List<Value> first, List<Value> second) =>
        first.Count != second.Count ? $"they have {first.Count} and {second.Count} {what}s"
        : first.Zip(second).FirstOrDefault(p => (p.First.Name, p.First.Type) != (p.Second.Name, p.Second.Type) || !Equals(p.First.Shape, p.Second.Shape)) is ({ } one, { } other)
        ? $"the {what} {Described(one)} of the one is {Described(other)} in the other"
        : null;

    private static string? Tensors(Graph first, Graph second)
    {
        foreach (var value in first.Initializers)
        {
            if (second.Find(value.Name) is not { Initializer: { } other } there || there.Graph != second)
                return $"only one of them has the weight '{value.Name}'";
            var own = value.Initializer!;
            if (own.Type != other.Type || !own.Dims.SequenceEqual(other.Dims))
                return $"the weight '{value.Name}' is {own.Type.Name()} {own.Shape} in the one and {other.Type.Name()} {other.Shape} in the other";
            if (!own.Type.IsFloat() && !SameTensor(own, other))
                return $"the constant '{value.Name}' ({own.Type.Name()} {own.Shape}) has other values, and only float values can be averaged";
        }

        return second.Initializers.FirstOrDefault(v => first.Find(v.Name)?.Initializer is null) is { } more ? $"only one of them has the weight '{more.Name}'" : null;
    }

    private static string? Between(Node first, Node second) =>
        first.QualifiedType != second.QualifiedType ? $"node {first.Label} is {first.QualifiedType} in the one and {second.QualifiedType} in the other"
        : !Names(first.Inputs).SequenceEqual(Names(second.Inputs)) ? $"node {first.Label} ({first.QualifiedType}) reads other values"
        : !Names(first.Outputs).SequenceEqual(Names(second.Outputs)) ? $"node {first.Label} ({first.QualifiedType}) makes other values"
        : Inner(first, second) ?? (Same(first.Attributes, second.Attributes) ? null : $"node {first.Label} ({first.QualifiedType}) has other attributes");

    private static string? Inner(Node first, Node second) => first.Attributes
        .Select(a => a.Value is Graph one && second.Get<object>(a.Name) is Graph other ? Between(one, other) : null).FirstOrDefault(d => d is not null);

    private static bool Same(IEnumerable<Attribute> first, IEnumerable<Attribute> second) =>
        first.OrderBy(a => a.Name, StringComparer.Ordinal).ToList() is var ones && second.OrderBy(a => a.Name, StringComparer.Ordinal).ToList() is var others
        && ones.Count == others.Count && ones.Zip(others).All(p => p.First.Name == p.Second.Name && Same(p.First.Value, p.Second.Value));

    private static bool Same(object first, object second) => (first, second) switch
    {
        (Tensor one, Tensor other) => SameTensor(one, other),
        (Graph one, Graph other) => Between(one, other) is null,
        (long[] one, long[] other) => one.SequenceEqual(other),
        (float[] one, float[] other) => one.SequenceEqual(other),
        (string[] one, string[] other) => one.SequenceEqual(other),
        _ => first.Equals(second),
    };

    private static bool SameTensor(Tensor first, Tensor second) =>
        first.IsSame(second) && first.Strings.Count == second.Strings.Count && first.Strings.Zip(second.Strings).All(p => p.First.AsSpan().SequenceEqual(p.Second));

    private static IEnumerable<string?> Names(List<Value?> values) => values.Select(v => v?.Name);

    private static string Described(Value value) => $"'{value.Name}' ({value.Type.Name()}{(value.Shape is null ? "" : $" {value.Shape}")})";

    private static string Listed(IDictionary<string, long> opsets) => string.Join(", ", opsets.Select(o => $"{(o.Key.Length == 0 ? "ai.onnx" : o.Key)} {o.Value}"));

    private static readonly IReadOnlyDictionary<string, long> NoOpsets = new Dictionary<string, long>();
}
