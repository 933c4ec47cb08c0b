using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;

namespace Sema.Onnx.Runtime;

/// <summary>ONNX Runtime as a whole: started once, its version checked, its errors turned into sentences.</summary>
internal static partial class OrtRuntime
{
    /// <summary>The major and minor version that this library is built for; the patch version is free.</summary>
    internal const string ExpectedVersion = "1.29";

    private const string Install =
        "put the native library of ONNX Runtime " + ExpectedVersion + " (libonnxruntime.so, libonnxruntime.dylib or onnxruntime.dll) beside the program";

    private static readonly Lazy<OrtEnv> Environment = new(Create);

    /// <summary>Starts ONNX Runtime, unless it runs already.</summary>
    /// <exception cref="RuntimeUnavailableException">Its native library is missing or has another version.</exception>
    internal static void Start() => _ = Environment.Value;

    /// <summary>Refuses a native library of another major or minor version.</summary>
    /// <param name="version">What the library says of itself, such as <c>1.29.0</c>.</param>
    internal static void CheckVersion(string version)
    {
        if (version != ExpectedVersion && !version.StartsWith(ExpectedVersion + ".", StringComparison.Ordinal))
            throw new RuntimeUnavailableException($"ONNX Runtime {version} was found where {ExpectedVersion} is needed; {Install}.");
    }

    /// <summary>Turns what ONNX Runtime threw into one sentence of ours.</summary>
    /// <param name="what">What was tried, such as <c>Loading 'model.onnx'</c>.</param>
    /// <param name="error">What was thrown.</param>
    internal static RuntimeException Failure(string what, Exception error) => new($"{what} failed: {Sentence(error.Message)}", error);

    /// <summary>Strips error codes, source positions and line breaks from a message of ONNX Runtime.</summary>
    internal static string Sentence(string message)
    {
        var text = Position().Replace(ErrorCode().Replace(message, ""), "");
        text = Space().Replace(Kernel().Replace(text, "operator '$1', node '$2':"), " ").Trim();
        return text.EndsWith('.') ? text : text + ".";
    }

    [GeneratedRegex(@"^\[ErrorCode:\w+\]\s*")]
    private static partial Regex ErrorCode();

    // Such as: /src/core/math/element_wise_ops.h:560 void onnxruntime::BroadcastIterator::Append(ptrdiff_t) const [with T = float]
    [GeneratedRegex(@"(?<=\s|^)\S+\.(cc|cpp|h|cu):\d+ [^()]*(\([^()]*\)[^()\s]*)+( const)?( \[with [^\]]*\])?:? ?")]
    private static partial Regex Position();

    [GeneratedRegex(@"Non-zero status code returned while running (\S+) node\. Name:'([^']*)'( Status Message:)?")]
    private static partial Regex Kernel();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    private static OrtEnv Create()
    {
        try
        {
            // Every error comes back to the caller as an exception; printed by the runtime as well, each would be told twice.
            var options = new EnvironmentCreationOptions { logId = "Sema.Onnx", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            var environment = OrtEnv.IsCreated ? OrtEnv.Instance() : OrtEnv.CreateInstanceWithOptions(ref options);
            CheckVersion(environment.GetVersionString());
            return environment;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new RuntimeUnavailableException($"ONNX Runtime could not be loaded ({Sentence(e.GetBaseException().Message).TrimEnd('.')}); {Install}.", e);
        }
    }
}
