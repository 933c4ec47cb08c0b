using System.Runtime.InteropServices;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>One input of a tested node: drawn at random and differentiated, unless it is fixed or constant.</summary>
/// <param name="Dims">Its sizes.</param>
internal sealed record Operand(params long[] Dims)
{
    /// <summary>Gets the values, where they are not drawn.</summary>
    internal Tensor? Fixed { get; init; }

    /// <summary>Gets whether it is an initializer rather than an input of the graph.</summary>
    internal bool IsConstant { get; init; }

    private double Low { get; init; } = -2;

    private double High { get; init; } = 2;

    private double[]? Elements { get; init; }

    // All elements at least 1/4 apart and 1/8 off zero: clear of ties and of the kinks at 0.
    private bool IsSpread { get; init; }

    /// <summary>A drawn tensor.</summary>
    internal static Operand F(params long[] dims) => new(dims);

    /// <summary>A constant vector of integers.</summary>
    internal static Operand I(params long[] elements) => new(elements.Length) { Fixed = Tensor.Vector(elements), IsConstant = true };

    /// <summary>32-bit integers that are an input of the graph: the lengths of sequences.</summary>
    internal static Operand Lengths(params int[] elements) =>
        new(elements.Length) { Fixed = new(ElementType.Int32, [elements.Length], MemoryMarshal.AsBytes<int>(elements).ToArray()) };

    /// <summary>Integers that are an input of the graph.</summary>
    internal static Operand Ids(long[] dims, params long[] elements) =>
        new(dims) { Fixed = new(ElementType.Int64, dims, MemoryMarshal.AsBytes<long>(elements).ToArray()) };

    /// <summary>Booleans that are an input of the graph.</summary>
    internal static Operand B(long[] dims, params byte[] elements) => new(dims) { Fixed = new(ElementType.Bool, dims, elements) };

    /// <summary>A constant scalar of a float type.</summary>
    internal static Operand Scalar(double value, ElementType type = ElementType.Float64) =>
        new() { Fixed = Tensor.Scalar(value, type), IsConstant = true };

    internal Operand In(double low, double high) => this with { Low = low, High = high };

    /// <summary>Differentiated where it stands.</summary>
    internal Operand At(params double[] elements) => this with { Elements = elements };

    internal Operand Spread() => this with { IsSpread = true };

    internal Operand Constant() => this with { IsConstant = true };

    internal Tensor Draw(Random random, ElementType type)
    {
        if (Fixed is not null)
            return Fixed;
        var elements = Elements ?? Enumerable.Range(0, (int)Tensor.ElementCount(Dims)).Select(_ => Low + (High - Low) * random.NextDouble()).ToArray();
        if (IsSpread)
        {
            elements = [.. elements.Select((_, i) => (i + 0.5 - elements.Length / 2) / 4)];
            random.Shuffle(elements);
        }

        // Eighths, so that float32 sums of products are exact.
        if (type == ElementType.Float32)
            elements = [.. elements.Select(e => Math.Round(8 * e) / 8)];
        return GradientCheck.TensorOf(type, Dims, elements);
    }

    /// <inheritdoc/>
    public override string ToString() => Fixed is { Type: ElementType.Int64 } ids && IsConstant ? $"{{{string.Join(',', ids.ToInt64())}}}"
        : $"{Fixed?.Type.ToString().ToLowerInvariant()}[{string.Join(',', Dims)}]{(IsConstant ? " constant" : "")}";
}

/// <summary>A node to differentiate: operator, inputs, attributes, and how exactly differences can be taken.</summary>
/// <param name="Inputs">The inputs; null where an optional one is absent.</param>
internal sealed record GradientCase(params Operand?[] Inputs)
{
    /// <summary>Gets the operator, with its domain.</summary>
    internal string Op { get; init; } = "";

    internal IReadOnlyList<Attribute> Attributes { get; private init; } = [];

    /// <summary>Gets operands that are no inputs of the node: its bodies read them.</summary>
    internal IReadOnlyList<Operand> Around { get; private init; } = [];

    /// <summary>Gets what makes the node's bodies, in the graph around, from the values of those operands.</summary>
    internal Func<Graph, IReadOnlyList<Value>, IEnumerable<Attribute>> Bodies { get; private init; } = (_, _) => [];

    /// <summary>Gets how many outputs the node has.</summary>
    internal int Outputs { get; private init; } = 1;

    /// <summary>Gets which outputs go into the loss.</summary>
    internal Range Used { get; private init; } = Range.All;

    /// <summary>Gets whether the node lacks the outputs that do not go into the loss.</summary>
    internal bool OmitsUnused { get; private init; }

    /// <summary>Gets whether the node is differentiated as it is, and then run by what <see cref="Passes.DoubleKernels"/> has for it.</summary>
    internal bool IsLowered { get; private init; }

    internal ElementType Type { get; private init; } = ElementType.Float64;

    /// <summary>Gets the step of the differences.</summary>
    internal double Step { get; private init; } = 1e-3;

    internal double Tolerance { get; private init; } = 1e-9;

    /// <summary>Gets the least that the rule must know of the shapes, for these attributes.</summary>
    internal Known Least { get; private init; } = Known.Rank;

    internal GradientCase Sized(Known least = Known.AllButFirst) => this with { Least = least };

    internal GradientCase With(params Attribute[] attributes) => this with { Attributes = attributes };

    internal GradientCase Also(params Attribute[] attributes) => this with { Attributes = [.. Attributes, .. attributes] };

    internal GradientCase Running(Func<Graph, IReadOnlyList<Value>, IEnumerable<Attribute>> bodies, params Operand[] around) => this with { Bodies = bodies, Around = around };

    internal GradientCase Making(int outputs, Range? used = null) => this with { Outputs = outputs, Used = used ?? Range.All };

    internal GradientCase Omitting() => this with { OmitsUnused = true };

    internal GradientCase Lowered() => this with { IsLowered = true };

    /// <summary>Short steps, where kinks cannot be kept clear of.</summary>
    internal GradientCase Close() => this with { Step = 1e-5, Tolerance = 1e-7 };

    internal GradientCase Stepping(double step) => this with { Step = step };

    internal GradientCase Within(double tolerance) => this with { Tolerance = tolerance };

    /// <summary>ONNX Runtime has no float64 kernel.</summary>
    internal GradientCase Float32() => this with { IsLowered = false, Type = ElementType.Float32, Step = 0.05, Tolerance = 2e-4 };

    /// <summary>No float64 kernel, but linear in each input: long steps are exact.</summary>
    internal GradientCase Linear32() => this with { Type = ElementType.Float32, Step = 1, Tolerance = 1e-6 };

    /// <inheritdoc/>
    public override string ToString() => $"{Op}({string.Join(", ", Inputs.Select(i => i?.ToString() ?? "-"))})"
        + string.Concat(Attributes.Select(a => $" {a.Name}={(a.Value switch { long[] list => string.Join(',', list), string[] list => string.Join(',', list), float[] list => string.Join(',', list), var value => value })}"))
        + (Outputs > 1 ? $" outputs {Used} of {Outputs}{(OmitsUnused ? ", no others" : "")}" : "");
}
