using System.Globalization;

namespace Sema.Onnx.Graphs.Lowering;

/// <summary>What lowerings ask of a node and of its inputs.</summary>
internal static class LoweringNodes
{
    extension(Node y)
    {
        /// <summary>Gets whether the node has an output.</summary>
        internal bool Makes(int output) => output < y.Outputs.Count && y.Outputs[output] is not null;

        /// <summary>Gets the error that says which form of the operator is not supported.</summary>
        internal InvalidModelException Refused(string what) => new(
            $"Operator '{y.QualifiedType}', node {y.Label}: {what}. Export the model again without it, or without ONNX Runtime's fusions.");

        /// <summary>Refuses an attribute that has another than its default value.</summary>
        internal void Only(string attribute, long value)
        {
            if (y.Int(attribute, value) is var given && given != value)
                throw y.Refused($"{attribute} = {given} is not supported");
        }

        /// <inheritdoc cref="Only(Node, string, long)"/>
        internal void Only(string attribute, float value)
        {
            if (y.Float(attribute, value) is var given && given != value)
                throw y.Refused(string.Create(CultureInfo.InvariantCulture, $"{attribute} = {given} is not supported"));
        }

        /// <summary>Gets an attribute that counts something, and must be there.</summary>
        internal long Count(string attribute) => y.Int(attribute, 0) is > 0 and var count ? count : throw y.Refused($"{attribute} must be given, at least 1");

        /// <summary>Gets the size of an axis, which must be known.</summary>
        internal long Size(Value x, int axis) =>
            x.Shape is { } shape && (axis < 0 ? axis + shape.Rank : axis) is >= 0 and var i && i < shape.Rank && shape[i].IsKnown ? shape[i].Size
            : throw y.Refused($"the size of axis {axis} of '{x.Name}' ({x.Shape?.ToString() ?? "shape unknown"}) is needed and not known");

        /// <summary>Gets the rank of an input, which must be known.</summary>
        internal int RankOf(Value x) => x.Shape?.Rank ?? throw y.Refused($"the rank of '{x.Name}' is needed and not known");
    }

    extension(Value x)
    {
        /// <summary>Gets the size of an axis as an int64 scalar: a constant where it is known.</summary>
        internal Value Length(int axis) => x.Shape is { } shape && shape[axis].IsKnown
            ? x.Graph.Integer(shape[axis].Size)
            : x.DynamicShape().Gather(x.Graph.Integer(axis), 0);

        /// <summary>Counts from a number up to another, this one: [start, start + 1, ..., this − 1].</summary>
        internal Value CountedFrom(Value start) => x.Graph.Emit("Range", [start, x, x.Graph.Integer(1)]).As(ElementType.Int64);

        /// <summary>Counts 0, 1, ... up to this number.</summary>
        internal Value Counted() => x.CountedFrom(x.Graph.Integer(0));
    }
}
