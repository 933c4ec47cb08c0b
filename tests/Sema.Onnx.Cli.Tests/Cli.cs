using System.Text.Json;

namespace Sema.Onnx.Cli;

/// <summary>What an invocation left.</summary>
internal sealed record Outcome(int Code, string Output, string Error)
{
    /// <summary>Gets standard output as the one JSON document that it has to be.</summary>
    internal JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }

    /// <summary>Checks that it failed as it should: a code, nothing on standard output, one sentence on standard error.</summary>
    internal void IsFailure(int code, params string[] says)
    {
        Assert.AreEqual(code, Code, Error);
        Assert.AreEqual("", Output);
        var line = Error.TrimEnd('\n');
        Assert.DoesNotContain("\n", line);
        Assert.DoesNotContain("   at ", line);
        Assert.StartsWith("sema: ", line);
        Assert.IsTrue(line[^1] is '.' or '?', line);
        foreach (var part in says)
            Assert.Contains(part, line);
    }

    internal Outcome Succeeded()
    {
        Assert.AreEqual(0, Code, Error);
        return this;
    }
}

/// <summary>Runs the command line in this process.</summary>
internal static class Cli
{
    internal static Outcome Run(params string[] args)
    {
        using StringWriter output = new(), error = new();
        var code = CommandLine.Run(args, new Terminal(output, error, OutputIsLive: false, ErrorIsLive: false));
        return new(code, output.ToString(), error.ToString());
    }
}
