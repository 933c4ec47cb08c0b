using System.Diagnostics;

namespace Sema.Onnx.Cli;

/// <summary>The command line as a process of its own, which can be killed.</summary>
internal sealed class Child : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output, _error;

    private Child(Process process) => (_process, _output, _error) = (process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());

    internal static Child Start(params string[] args) => new(Process.Start(new ProcessStartInfo(
        Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
        [typeof(CommandLine).Assembly.Location, .. args])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!);

    /// <summary>Waits until something holds, or the process has ended.</summary>
    internal void Until(Func<bool> holds)
    {
        while (!_process.HasExited && !holds())
            Thread.Sleep(1);
    }

    /// <summary>Ends it at once, as SIGKILL does.</summary>
    internal void Kill() => _process.Kill();

    /// <summary>Asks it to stop, as Ctrl-C and SIGTERM do.</summary>
    internal void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    internal Outcome Wait()
    {
        if (!_process.WaitForExit(TimeSpan.FromSeconds(60)))
            Assert.Fail("The process did not end.");
        return new(_process.ExitCode, _output.Result, _error.Result);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }
}
