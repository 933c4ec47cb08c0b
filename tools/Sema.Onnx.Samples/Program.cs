// Makes samples/mnist-cnn.onnx: an untrained network, trained on MNIST by this toolkit.
//     dotnet run --project tools/Sema.Onnx.Samples -c Release -- samples/mnist-cnn.onnx
// Draws docs/figures/*.svg, each averaging strategy at work:
//     dotnet run --project tools/Sema.Onnx.Samples -c Release -- figures docs/figures
using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Export;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Samples;
using Sema.Onnx.Samples.Figures;
using Sema.Onnx.Schedules;
using Sema.Onnx.Training;

if (args is ["figures", var figures])
{
    Directory.CreateDirectory(figures);
    foreach (var name in StrategyFigures.All.Keys.Append(StrategyFigures.Soup))
        File.WriteAllText(Path.Combine(figures, name + ".svg"), StrategyFigures.Draw(name));
    return 0;
}

if (args.Length != 1)
{
    Console.Error.WriteLine("Usage: dotnet run --project tools/Sema.Onnx.Samples -c Release -- OUT.onnx, or -- figures DIR");
    return 2;
}

var folder = Directory.CreateTempSubdirectory("sema-sample-").FullName;
try
{
    var model = Path.Combine(folder, "mnist-cnn.onnx");
    File.WriteAllBytes(model, ModelWriter.Write(ConvNet.Build(seed: 1)));
    var data = DataSpec.Load("mnist");
    using var trainer = Trainer.Start(model, Path.Combine(folder, "run"), data, new()
    {
        Epochs = 3,
        BatchSize = 64,
        Optimizer = new AdamW { WeightDecay = 0.01 },
        Schedule = length => new CosineSchedule(2e-3, length.Steps),
        Averaging = new ExponentialMovingAverage(0.998),
        Seed = 1,
    });
    var result = trainer.Train();
    var export = RunExport.Export(trainer.Run.Path, args[0], new() { Checkpoint = "last", Proof = data.Test });
    Console.WriteLine($"{args[0]}: {result.Final["ema"].Accuracy:P2} on MNIST's test set, {export.Report.Size} bytes");
    return 0;
}
finally
{
    Directory.Delete(folder, recursive: true);
}
