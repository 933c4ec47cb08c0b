using System.CommandLine;

namespace Sema.Onnx.Cli.Options;

/// <summary>--threads, for what runs on the CPU alone.</summary>
internal sealed class ThreadOptions : OptionGroup
{
    internal ThreadOptions()
        : base("Where") => Threads = Add(Flag.Integer("--threads", "N", "CPU threads; 0 takes one a core.", 0, 0));

    internal Option<int> Threads { get; }
}
