using Sema.Onnx.Cli;

return CommandLine.Run(args, Terminal.System());
