using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>An operator of the domain <c>com.sema</c> in C#, for one node of a session.</summary>
/// <remarks>The body of the function of the same name defines what it computes; a kernel is only faster.</remarks>
internal abstract class Kernel
{
    /// <summary>Gets or sets the sizes that the inputs must have; <see langword="null"/> where the kernel checks them by itself.</summary>
    internal InputSizes? Sizes { get; set; }

    /// <summary>Computes the outputs of one run; several runs of a node never overlap.</summary>
    /// <param name="context">Inputs, outputs, threads.</param>
    internal abstract void Compute(KernelContext context);

    /// <summary>Refuses a node that the kernel was not made for: it would touch memory that is not the node's.</summary>
    /// <exception cref="InvalidOperationException"><paramref name="holds"/> is false.</exception>
    internal static void Require(bool holds, string sentence)
    {
        if (!holds)
            throw new InvalidOperationException(sentence);
    }
}

/// <summary>What ONNX Runtime must know of a kernel.</summary>
/// <param name="Name">The operator.</param>
/// <param name="Inputs">The inputs' element types.</param>
/// <param name="Outputs">The outputs' element types.</param>
/// <param name="Create">Makes the kernel of a node from the node's attributes.</param>
internal sealed record KernelDefinition(string Name, ElementType[] Inputs, ElementType[] Outputs, Func<KernelAttributes, Kernel> Create)
{
    /// <summary>Gets the inputs' sizes, as <see cref="InputSizes"/> reads them; none where the kernel checks them by itself.</summary>
    internal string[] Sizes { get; init; } = [];

    /// <summary>Gets how many of the last inputs a node may leave out.</summary>
    internal int OptionalInputs { get; init; }

    /// <summary>Gets whether the first output, of the first input's size, may be written over it.</summary>
    internal bool InPlace { get; init; }

    /// <summary>Gets whether the first output is the first input: both have one buffer.</summary>
    internal bool IsView { get; init; }
}
