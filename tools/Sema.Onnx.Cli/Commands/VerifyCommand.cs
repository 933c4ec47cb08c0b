using System.CommandLine;
using Sema.Onnx.Cli.Options;
using Sema.Onnx.Cli.Reports;
using Sema.Onnx.Verification;

namespace Sema.Onnx.Cli.Commands;

/// <summary>Replays a recorded PyTorch trajectory and compares.</summary>
internal sealed class VerifyCommand : SemaCommand
{
    private readonly Argument<string> _model, _reference;
    private readonly OptimizerOptions _optimizer;
    private readonly ReplayOptions _replay;
    private readonly LossOptions _loss;
    private readonly DeviceOptions _device;
    private readonly CommonOptions _common;

    internal VerifyCommand()
        : base("verify", "Replay a recorded PyTorch training trajectory and report the relative errors.")
    {
        _model = AddArgument("MODEL", "The .onnx file that the recording started from.");
        _reference = AddArgument("REFERENCE.npz", "The recording: input (or an array by the name of each input), target, loss, and grad/NAME, final/NAME, ema/NAME by initializer name.");
        _optimizer = Add(new OptimizerOptions(replays: true));
        _replay = Add(new ReplayOptions());
        _loss = Add(new LossOptions());
        _device = Add(new DeviceOptions(training: true));
        _common = Add(new CommonOptions());
    }

    /// <inheritdoc/>
    internal override string About =>
        "Takes the steps of a recorded PyTorch run again, on its batches and with its options, and compares the losses, the first gradients, and the weights and averaged weights after the last step. Exits with 1 above the tolerance.";

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Usage => ["verify MODEL REFERENCE.npz [options]"];

    /// <inheritdoc/>
    internal override IReadOnlyList<string> Examples =>
    [
        "sema verify model.onnx reference.npz --optimizer sgd --lr 0.1",
        "sema verify model.onnx reference.npz --ema-decay 0.9 --switch-every 2steps --json",
    ];

    /// <inheritdoc/>
    internal override int Run(ParseResult parse, Terminal terminal)
    {
        var options = _replay.Bind(parse) with
        {
            Optimizer = _optimizer.Bind(parse),
            LearningRate = _optimizer.LearningRate(parse),
            Loss = _loss.Bind(parse),
            Device = _device.Device(parse),
            Threads = parse.GetValue(_device.Threads),
            Kernels = _device.WithKernels(parse),
        };
        var report = Verifier.Verify(Existing(parse.GetValue(_model), "model"), Existing(parse.GetValue(_reference), "reference"), options);
        var json = parse.GetValue(_common.Json);
        if (json)
            terminal.Output.WriteLine(report.ToJson());
        else
            Write(report, terminal.Output);
        return report.Passed ? ExitCode.Done : ExitCode.Failed;
    }

    private static void Write(VerificationReport report, TextWriter writer)
    {
        var table = new PlainTable("compared", "largest relative error", "in<");
        Add("loss before each step", report.Loss);
        Add("gradients of the first step", report.Grad);
        Add("weights after the last step", report.Final);
        if (report.Ema is { } ema)
            Add("averaged weights after it", ema);
        table.Write(writer);
        writer.WriteLine($"{report.Model}, {Readable.Count(report.Steps, "step")}: {(report.Passed ? "within the tolerance" : "ABOVE THE TOLERANCE")}");

        void Add(string name, Deviation deviation) => table.Add(name, Readable.Scientific(deviation.Max), deviation.Worst ?? "-");
    }
}
