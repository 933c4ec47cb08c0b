namespace Sema.Onnx.Graphs;

/// <summary>The ONNX operators that rules, losses and updates are written in: each appends one node and returns its output.</summary>
internal static class Operators
{
    extension(Value x)
    {
        /// <summary>The matrix with its last two axes swapped.</summary>
        internal Value T => x.Transpose(x.Rank);

        internal Value MatMul(Value other) => x.Graph.Emit("MatMul", [x, other]);

        internal Value Exp() => x.Graph.Emit("Exp", [x]);

        internal Value Log() => x.Graph.Emit("Log", [x]);

        internal Value Sqrt() => x.Graph.Emit("Sqrt", [x]);

        internal Value Reciprocal() => x.Graph.Emit("Reciprocal", [x]);

        internal Value Sigmoid() => x.Graph.Emit("Sigmoid", [x]);

        internal Value Tanh() => x.Graph.Emit("Tanh", [x]);

        internal Value Sign() => x.Graph.Emit("Sign", [x]);

        internal Value Abs() => x.Graph.Emit("Abs", [x]);

        internal Value Round() => x.Graph.Emit("Round", [x]);

        internal Value Sin() => x.Graph.Emit("Sin", [x]);

        internal Value Cos() => x.Graph.Emit("Cos", [x]);

        internal Value Pow(Value exponent) => x.Graph.Emit("Pow", [x, exponent]);

        internal Value Square() => x * x;

        internal Value Max(Value other) => x.Graph.Emit("Max", [x, other]);

        internal Value Min(Value other) => x.Graph.Emit("Min", [x, other]);

        /// <summary>Swaps the last two of <paramref name="rank"/> axes.</summary>
        internal Value Transpose(int rank) =>
            x.Transpose([.. Enumerable.Range(0, rank - 2).Select(i => (long)i), rank - 1, rank - 2]);

        /// <summary>Reorders the axes; what another transposition made is put back rather than transposed again.</summary>
        internal Value Transpose(params long[] permutation) =>
            x.Producer is { OpType: "Transpose", Domain.Length: 0 } before && before.Ints("perm") is { } first
                && permutation.Select(axis => first[axis]).SequenceEqual(Enumerable.Range(0, first.Length).Select(axis => (long)axis))
                ? before[0]
                : x.Graph.Emit("Transpose", [x], ("perm", permutation));

        internal Value Reshape(Value shape) => x.Graph.Emit("Reshape", [x, shape], ("allowzero", 1));

        /// <summary>Reshapes with ONNX's habits: -1 for the rest, 0 for the input's own size.</summary>
        internal Value Reshape(params long[] sizes) => x.Graph.Emit("Reshape", [x, x.Graph.Vector(sizes)]);

        internal Value Expand(Value shape) => x.Graph.Emit("Expand", [x, shape]);

        internal Value Cast(ElementType type) => x.Graph.Emit("Cast", [x], ("to", (long)type)).As(type);

        /// <summary>The value as another one's type, for function bodies where types are open.</summary>
        internal Value CastLike(Value other) => x.Graph.Emit("CastLike", [x, other]).As(other.Type);

        internal Value Sum(Value axes, bool keep) =>
            x.Graph.Emit("ReduceSum", [x, axes], ("keepdims", keep ? 1 : 0), ("noop_with_empty_axes", 1));

        internal Value Sum(long[] axes, bool keep) => x.Sum(x.Graph.Vector(axes), keep);

        /// <summary>The sum of all elements, a scalar.</summary>
        internal Value SumAll() => x.Graph.Emit("ReduceSum", [x], ("keepdims", 0));

        /// <summary>The L2 norm of all elements, a scalar.</summary>
        internal Value Norm() => x.Square().SumAll().Sqrt();

        internal Value Mean(long[] axes, bool keep) =>
            x.Graph.Emit("ReduceMean", [x, x.Graph.Vector(axes)], ("keepdims", keep ? 1 : 0));

        internal Value Squeeze(params long[] axes) => x.Graph.Emit("Squeeze", [x, x.Graph.Vector(axes)]);

        internal Value Unsqueeze(params long[] axes) => x.Graph.Emit("Unsqueeze", [x, x.Graph.Vector(axes)]);

        internal Value Gather(Value indices, long axis) => x.Graph.Emit("Gather", [x, indices], ("axis", axis));

        internal Value Slice(Value starts, Value ends, Value? axes = null, Value? steps = null) =>
            x.Graph.Emit("Slice", [x, starts, ends, axes, steps]);

        /// <summary>Elements start to end of one axis.</summary>
        internal Value Slice(long axis, long start, long end, long step = 1) => x.Slice(
            x.Graph.Vector(start), x.Graph.Vector(end), x.Graph.Vector(axis), step == 1 ? null : x.Graph.Vector(step));

        /// <summary>Zeros before and behind one axis, of so many.</summary>
        /// <remarks>Pad is told of all axes: where it names some, ONNX Runtime's optimizer moves transpositions past it without renaming them.</remarks>
        internal Value Padded(int rank, int axis, long before, long behind) => x.Graph.Emit("Pad",
            [x, x.Graph.Vector([.. Enumerable.Range(0, 2 * rank).Select(i => i == axis ? before : i == rank + axis ? behind : 0)])]);

        internal Value Identity() => x.Graph.Emit("Identity", [x]);

        internal Value Equal(Value other) => x.Graph.Emit("Equal", [x, other]).As(ElementType.Bool);

        internal Value Greater(Value other) => x.Graph.Emit("Greater", [x, other]).As(ElementType.Bool);

        internal Value Less(Value other) => x.Graph.Emit("Less", [x, other]).As(ElementType.Bool);

        internal Value GreaterOrEqual(Value other) => x.Graph.Emit("GreaterOrEqual", [x, other]).As(ElementType.Bool);

        internal Value And(Value other) => x.Graph.Emit("And", [x, other]);

        internal Value Or(Value other) => x.Graph.Emit("Or", [x, other]);

        internal Value Not() => x.Graph.Emit("Not", [x]);

        /// <summary>Picks by this condition.</summary>
        internal Value Where(Value then, Value otherwise) => x.Graph.Emit("Where", [x, then, otherwise]).As(then.Type);

        /// <summary>The value where the condition holds, 0 elsewhere: the condition as a number would turn ∞·0 into NaN.</summary>
        internal Value Masked(Value condition) => condition.Where(x, x.Like(0));

        /// <summary>The sizes as an int64 vector, computed when the graph runs.</summary>
        internal Value DynamicShape() => x.Graph.Emit("Shape", [x]).As(ElementType.Int64);

        /// <summary>The sizes as an int64 vector: a constant where they are known.</summary>
        internal Value ShapeVector() => x.Shape is { IsStatic: true } shape ? x.Graph.Vector(shape.Sizes) : x.DynamicShape();

        /// <summary>Zeros of a shape, in this value's type.</summary>
        internal Value ZerosOf(Value shape) => x.Like(0).Expand(shape);

        internal Value As(ElementType type)
        {
            x.Type = type;
            return x;
        }
    }

    /// <summary>Joins values along an axis.</summary>
    internal static Value Concat(IReadOnlyList<Value> values, long axis) => values[0].Graph.Emit("Concat", values, ("axis", axis));
}
