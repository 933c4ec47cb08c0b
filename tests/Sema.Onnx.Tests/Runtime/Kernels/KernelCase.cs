using Sema.Onnx.Graphs;
using Attribute = Sema.Onnx.Graphs.Attribute;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>One node that a kernel is tried on.</summary>
/// <param name="Inputs">Its inputs: what <see cref="Normal"/>, <see cref="Positive"/> and <see cref="Integers"/> make.</param>
/// <param name="Attributes">Its attributes.</param>
internal sealed record KernelCase(Func<Random, HostTensor>[] Inputs, params Attribute[] Attributes)
{
    /// <summary>Gets the outputs that the node leaves out.</summary>
    internal int[] Without { get; init; } = [];

    /// <summary>Makes a float32 tensor of numbers from -2 to 2.</summary>
    internal static Func<Random, HostTensor> Normal(params long[] shape) => random => Fill(shape, () => (random.NextSingle() * 4) - 2);

    /// <summary>Makes a float32 tensor of numbers from 0.1 to 1.1.</summary>
    internal static Func<Random, HostTensor> Positive(params long[] shape) => random => Fill(shape, () => random.NextSingle() + 0.1f);

    /// <summary>Makes an int64 tensor of numbers from 0 up to a bound.</summary>
    internal static Func<Random, HostTensor> Integers(int bound, params long[] shape) =>
        random => HostTensor.Of<long>([.. Enumerable.Range(0, (int)Shape.Of(shape).Count).Select(_ => (long)random.Next(bound))], shape);

    /// <summary>Makes an int64 tensor of given numbers.</summary>
    internal static Func<Random, HostTensor> Given(params long[] values) => _ => HostTensor.Of<long>(values, values.Length);

    private static HostTensor Fill(long[] shape, Func<float> draw) =>
        HostTensor.Of<float>([.. Enumerable.Range(0, (int)Shape.Of(shape).Count).Select(_ => draw())], shape);
}
