namespace Sema.Onnx.Graphs.Patching;

/// <summary>A Constant node's attribute that holds numbers without a <c>TensorProto</c>.</summary>
/// <param name="Field">The number of the field in <c>AttributeProto</c>.</param>
/// <param name="ElementType">Its element type, as ONNX numbers it.</param>
/// <param name="Rank">0 for one number, 1 for a list.</param>
internal sealed record ConstantForm(int Field, long ElementType, int Rank)
{
    /// <summary>Gets the forms by the attribute's name.</summary>
    public static IReadOnlyDictionary<string, ConstantForm> ByName { get; } = new Dictionary<string, ConstantForm>
    {
        ["value_float"] = new(2, ElementType: 1, Rank: 0),
        ["value_int"] = new(3, ElementType: 7, Rank: 0),
        ["value_floats"] = new(7, ElementType: 1, Rank: 1),
        ["value_ints"] = new(8, ElementType: 7, Rank: 1),
    };
}
