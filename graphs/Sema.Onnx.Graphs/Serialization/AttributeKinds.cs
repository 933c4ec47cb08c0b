using static Sema.Onnx.Graphs.Protobuf.AttributeProto.Types;

namespace Sema.Onnx.Graphs.Serialization;

/// <summary>The .NET type of each kind of attribute.</summary>
internal static class AttributeKinds
{
    private static readonly (AttributeType Kind, Type Type)[] Kinds =
    [
        (AttributeType.Int, typeof(long)),
        (AttributeType.Float, typeof(float)),
        (AttributeType.String, typeof(string)),
        (AttributeType.Tensor, typeof(Tensor)),
        (AttributeType.Graph, typeof(Graph)),
        (AttributeType.Ints, typeof(long[])),
        (AttributeType.Floats, typeof(float[])),
        (AttributeType.Strings, typeof(string[])),
    ];

    internal static AttributeType Of(Type type) => Kinds.First(k => k.Type == type).Kind;

    internal static Type TypeOf(AttributeType kind) => Array.Find(Kinds, k => k.Kind == kind).Type
        ?? throw new InvalidModelException($"a function refers to an attribute of kind {kind}, which is not read.");
}
