namespace Sema.Onnx.Graphs;

/// <summary>A model: a graph, the operator sets it speaks, and what its file says of itself.</summary>
internal sealed class Model
{
    /// <summary>The domain of the functions that this library adds; see <see cref="Functions"/>.</summary>
    public const string SemaDomain = "com.sema";

    /// <summary>The standard operator set that graphs are upgraded to before they are differentiated.</summary>
    public const int Opset = 21;

    /// <summary>Creates a model around a graph.</summary>
    /// <param name="graph">The graph.</param>
    public Model(Graph graph) => Graph = graph;

    /// <summary>Gets the graph.</summary>
    public Graph Graph { get; }

    /// <summary>Gets the version of the file format.</summary>
    public long IrVersion { get; internal set; } = 10;

    /// <summary>Gets the operator sets by domain; the ONNX standard's own is "".</summary>
    public IDictionary<string, long> Opsets { get; } = new SortedDictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Gets the functions defined in the file, in their order.</summary>
    public IList<Function> Functions { get; } = [];

    /// <summary>Gets the name of the program that wrote the file.</summary>
    public string Producer { get; internal set; } = "";

    /// <summary>Gets the file's free-form properties.</summary>
    public IDictionary<string, string> Metadata { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets the version of the standard operators.</summary>
    public long StandardOpset => Opsets.TryGetValue("", out var version) ? version : 1;
}

/// <summary>An operator defined by a graph of other operators (ONNX FunctionProto).</summary>
/// <param name="Domain">The operator's domain.</param>
/// <param name="Name">The operator's name.</param>
/// <param name="Attributes">The attributes that a calling node gives; the body refers to them by name.</param>
/// <param name="Body">The definition: inputs and outputs by position.</param>
internal sealed record Function(string Domain, string Name, IReadOnlyList<string> Attributes, Graph Body)
{
    /// <summary>Gets the values of those attributes that a calling node may leave out.</summary>
    public IReadOnlyList<Attribute> Defaults { get; init; } = [];

    /// <summary>Gets the operator sets that the body speaks, or <see langword="null"/> for the model's own.</summary>
    public IReadOnlyDictionary<string, long>? Opsets { get; init; }
}
