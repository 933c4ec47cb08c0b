// Measures; docs/performance.md says what and how.
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- step MODEL.onnx
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- compare MODELS --peer "python3 bench_torch.py"
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- ops
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- average MODEL.onnx
using System.CommandLine;
using Sema.Onnx.Benchmarks;

return new RootCommand("Measures training steps, kernels and averages.")
{
    StepCommand.Create(), CompareCommand.Create(), OpsCommand.Create(), AverageCommand.Create(),
}.Parse(args).Invoke();
