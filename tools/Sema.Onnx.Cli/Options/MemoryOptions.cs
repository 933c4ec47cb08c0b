using System.CommandLine;

namespace Sema.Onnx.Cli.Options;

/// <summary>--recompute.</summary>
internal sealed class MemoryOptions : OptionGroup
{
    internal MemoryOptions()
        : base("Memory") =>
        Recompute = Add(Flag.Switch("--recompute", "Compute normalisations, activation functions and the like again for the gradient instead of keeping their results: less memory, a little more time, the same bits."));

    internal Option<bool> Recompute { get; }
}
