using System.Collections.ObjectModel;

namespace Sema.Onnx.Runtime;

/// <summary>How a model is run. The defaults give the same bits run after run on the same machine with the same threads.</summary>
internal sealed record SessionSettings
{
    /// <summary>Gets where the model runs; the CPU by default.</summary>
    public Device Device { get; init; } = Device.Cpu;

    /// <summary>Gets the number of threads that share one operator; 0, the default, takes one a core.</summary>
    public int Threads { get; init; }

    /// <summary>Gets how many threads work where ONNX Runtime's do not.</summary>
    public int Cores => Threads > 0 ? Threads : Environment.ProcessorCount;

    /// <summary>Gets how far the graph is rewritten; <see cref="OptimizationLevel.All"/> by default.</summary>
    public OptimizationLevel Optimization { get; init; } = OptimizationLevel.All;

    /// <summary>Gets the sizes of symbolic axes, by symbol; none by default. Symbols that the model lacks are ignored.</summary>
    public IReadOnlyDictionary<string, long> FreeDimensions { get; init; } = ReadOnlyDictionary<string, long>.Empty;

    /// <summary>
    /// Gets whether one block is planned for all intermediate values of a run; not so by default: the memory of the first run, which the plan is
    /// made from, is kept beside it.
    /// </summary>
    public bool MemoryPattern { get; init; }

    /// <summary>Gets whether constant weights are laid out anew for speed, which takes their size once more; so by default.</summary>
    public bool Prepacking { get; init; } = true;

    /// <summary>Gets whether idle threads spin before they sleep: faster steps, busier cores; so by default.</summary>
    public bool Spinning { get; init; } = true;

    /// <summary>Gets whether operators avoid what makes sums depend on timing; so by default.</summary>
    public bool Deterministic { get; init; } = true;

    /// <summary>
    /// Gets whether QuantizeLinear and DequantizeLinear around an operator may become one in integers, which may saturate on the way where
    /// the processor lacks the instructions; so by default.
    /// </summary>
    public bool IntegerKernels { get; init; } = true;

    /// <summary>
    /// Gets whether kernels in C# take the place of the bodies of <c>com.sema</c> functions, which are of float32 tensors on the CPU; so by default.
    /// </summary>
    public bool Kernels { get; init; } = true;

    /// <summary>Gets whether elementwise graphs over the arenas become loops.</summary>
    public bool Looped => Kernels && Device.IsCpu;

    /// <summary>Gets the beginning of the path of a profile that ONNX Runtime writes when the session ends; none by default.</summary>
    public string? Profile { get; init; }

    /// <summary>Gets whether CUDA may round float32 products to TF32 (10 bits of fraction); not so by default.</summary>
    public bool TensorFloat32 { get; init; }
}
