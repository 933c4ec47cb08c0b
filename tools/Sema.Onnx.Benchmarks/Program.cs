// Measures; see docs/performance.md.
//     dotnet run --project tools/Sema.Onnx.Benchmarks -c Release -- step MODEL.onnx
using System.CommandLine;
using Sema.Onnx.Benchmarks;

return new RootCommand("Measures training steps, kernels and averages.") { StepCommand.Create() }.Parse(args).Invoke();
