using System.CommandLine;

namespace Sema.Onnx.Cli.Options;

/// <summary>--json and --config.</summary>
internal sealed class CommonOptions : OptionGroup
{
    internal CommonOptions(bool config = true)
        : base("General")
    {
        Json = Add(Flag.Switch("--json", "Write one JSON document to standard output and nothing else there."));
        Config = Flag.Text("--config", "FILE", "A JSON object with these options by name, such as {\"epochs\": 3, \"freeze\": [\"conv1*\"]}; what stands on the command line wins.");
        if (config)
            Add(Config);
        Add(Flag.Switch("--debug", "On a failure, print the stack trace too."));
    }

    internal Option<bool> Json { get; }

    internal Option<string?> Config { get; }
}
