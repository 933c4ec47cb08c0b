using System.CommandLine;

namespace Sema.Onnx.Cli.Options;

/// <summary>--out, --model, --scale, --threads of the demo.</summary>
internal sealed class DemoOptions : OptionGroup
{
    internal DemoOptions()
        : base("Demo")
    {
        Out = Add(Flag.Text("--out", "DIR", "The new folder for the runs and the tuned model. [default: sema-demo, or the next one free]"));
        Model = Add(Flag.Text("--model", "FILE", "Another MNIST-like classifier to start from. [default: the sample that comes along]"));
        Scale = Add(Flag.Number("--scale", "S", "What that model wants its pixels divided by. [default: 255]"));
        Threads = Add(Flag.Integer("--threads", "N", "CPU threads; 0 takes one a core.", 0, 0));
    }

    internal Option<string?> Out { get; }

    internal Option<string?> Model { get; }

    internal Option<double?> Scale { get; }

    internal Option<int> Threads { get; }
}
