using System.CommandLine;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Cli.Options;

/// <summary>--provider, --threads, --batch-size.</summary>
internal sealed class DeviceOptions : OptionGroup
{
    /// <param name="batch">Whether the size of a batch is a matter of speed only, and asked for here.</param>
    internal DeviceOptions(bool batch = false)
        : base("Where")
    {
        Provider = Add(Flag.Text("--provider", "cpu|cuda[:N]", "Where to run. [default: cpu]"));
        Threads = Add(Flag.Integer("--threads", "N", "CPU threads; 0 takes one a core.", 0, 0));
        BatchSize = Flag.Integer("--batch-size", "N", "Samples that are run together; a model with a batch size of its own keeps that.", 32, 1);
        if (batch)
            Add(BatchSize);
    }

    internal Option<string?> Provider { get; }

    internal Option<int> Threads { get; }

    internal Option<int> BatchSize { get; }

    internal Device Device(ParseResult parse) => parse.GetValue(Provider) is { } text ? Runtime.Device.Parse(text) : Runtime.Device.Cpu;
}
