using System.CommandLine;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Cli.Options;

/// <summary>--provider, --threads, --batch-size, --kernels.</summary>
internal sealed class DeviceOptions : OptionGroup
{
    /// <param name="batch">Whether the size of a batch is a matter of speed only, and asked for here.</param>
    /// <param name="training">Whether there are training graphs, whose functions have kernels.</param>
    internal DeviceOptions(bool batch = false, bool training = false)
        : base("Where")
    {
        Provider = Add(Flag.Text("--provider", "cpu|cuda[:N]", "Where to run. [default: cpu]"));
        Threads = Add(Flag.Integer("--threads", "N", "CPU threads; 0 takes one a core.", 0, 0));
        BatchSize = Flag.Integer("--batch-size", "N", "Samples that are run together; a model with a batch size of its own keeps that.", 32, 1);
        Kernels = Flag.Choice("--kernels", "Whether kernels of our own run the training graphs' functions on the CPU, or ONNX Runtime's operators, to compare.", "on", "on", "off");
        if (batch)
            Add(BatchSize);
        if (training)
            Add(Kernels);
    }

    internal Option<string?> Provider { get; }

    internal Option<int> Threads { get; }

    internal Option<int> BatchSize { get; }

    internal Option<string> Kernels { get; }

    internal bool WithKernels(ParseResult parse) => parse.GetValue(Kernels) == "on";

    internal Device Device(ParseResult parse) => parse.GetValue(Provider) is { } text ? Runtime.Device.Parse(text) : Runtime.Device.Cpu;
}
