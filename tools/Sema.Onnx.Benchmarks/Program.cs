// Measures; docs/performance.md says what and how.
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- step MODEL.onnx
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- compare MODELS --peer "python3 bench_torch.py"
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- ops
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- average MODEL.onnx
// Exit codes: 0 done, 1 failed, 2 bad arguments or input.
using System.CommandLine;
using Sema.Onnx.Benchmarks;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Runtime;

var parse = new RootCommand("Measures training steps, kernels and averages.")
{
    StepCommand.Create(), CompareCommand.Create(), OpsCommand.Create(), AverageCommand.Create(),
}.Parse(args);
if (parse.Errors.Count > 0 && !args.Any(a => a is "--help" or "-h" or "-?"))
    return Say(2, parse.UnmatchedTokens is [var unknown, ..] ? $"'{unknown}' is no command or option; see --help." : parse.Errors[0].Message);
try
{
    return parse.Invoke(new() { EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is InvalidModelException or GradientNotDefinedException or RuntimeException or InvalidInputException
    or IOException or UnauthorizedAccessException or ArgumentException)
{
    return Say(2, e.Message);
}
catch (Exception e) when (e is not (StackOverflowException or AccessViolationException))
{
    return Say(1, $"Something went wrong that should not have ({e.GetType().Name}): {e.Message}");
}

static int Say(int code, string sentence)
{
    Console.Error.WriteLine($"benchmarks: {sentence.ReplaceLineEndings(" ")}");
    return code;
}
