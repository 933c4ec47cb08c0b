using System.Runtime.InteropServices;

namespace Sema.Onnx.Cli;

/// <summary>Ctrl-C and SIGTERM: the first asks the run to stop after its step, the second ends the process; the first does where there is nothing to save.</summary>
/// <remarks>The process ends in order, so that what was written beside an output is removed.</remarks>
internal sealed class Interruption : IDisposable
{
    private static volatile bool _ends;

    private readonly bool _atOnce;
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _signals;

    /// <param name="atOnce">Whether the first signal ends the process.</param>
    internal Interruption(bool atOnce = false) => (_atOnce, _signals) =
        (atOnce, [PosixSignalRegistration.Create(PosixSignal.SIGINT, On), PosixSignalRegistration.Create(PosixSignal.SIGTERM, On)]);

    /// <summary>Gets whether the process is ending: what fails now, fails for that.</summary>
    internal static bool Ends => _ends;

    internal CancellationToken Token => _source.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _source.Dispose();
    }

    private void On(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_atOnce || _source.IsCancellationRequested)
        {
            _ends = true;
            Environment.Exit(ExitCode.Interrupted);
        }

        _source.Cancel();
    }
}
