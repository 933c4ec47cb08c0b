namespace Sema.Onnx.Graphs.Patching;

/// <summary>What <see cref="ModelPatcher"/> changes in a model file. All else stays as it is, byte for byte.</summary>
public sealed record ModelPatch
{
    /// <summary>
    /// Gets the new values, by the name of an initializer or of a Constant node's output. A name in the top-level graph
    /// wins over one in a subgraph; one that several subgraphs have is given with the way to it, <c>y.then_branch/name</c>
    /// for that branch of the node whose first output is y. Default: none.
    /// </summary>
    public IReadOnlyDictionary<string, TensorPatch> Tensors { get; init; } = new Dictionary<string, TensorPatch>();

    /// <summary>
    /// Gets the new declared shapes of the top-level graph's inputs, outputs and intermediate values, by name: one size
    /// for each dimension, null where it stays as it is. A value that declares no shape stays so. Default: none; a tensor
    /// that changes its dimensions takes the declaration of the same name along.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<long?>> ValueShapes { get; init; } =
        new Dictionary<string, IReadOnlyList<long?>>();

    /// <summary>Gets the initializers to append to the top-level graph, by names new in the model. Default: none.</summary>
    public IReadOnlyDictionary<string, AddedInitializer> AddedInitializers { get; init; } =
        new Dictionary<string, AddedInitializer>();
}
