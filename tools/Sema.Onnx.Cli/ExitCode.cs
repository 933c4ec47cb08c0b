namespace Sema.Onnx.Cli;

/// <summary>What the program returns.</summary>
internal static class ExitCode
{
    internal const int Done = 0, Failed = 1, BadInput = 2;

    /// <summary>Stopped by Ctrl-C or SIGTERM after saving: 128 + SIGINT, as shells count.</summary>
    internal const int Interrupted = 130;
}
