using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;

namespace Sema.Onnx.Training;

[TestClass]
public sealed class TrainerOptionsTests
{
    /// <summary>Each option out of its range, by the name that the refusal gives.</summary>
    private static readonly List<(string Name, TrainerOptions Options)> Wrong =
    [
        ("BatchSize", new() { BatchSize = 0 }),
        ("Epochs", new() { Epochs = 0 }),
        ("Accumulate", new() { Accumulate = -1 }),
        ("Keep", new() { Keep = 0 }),
        ("Steps", new() { Steps = 0 }),
        ("SaveEvery", new() { SaveEvery = 0 }),
        ("Patience", new() { Patience = 0 }),
        ("Classes", new() { Classes = 0 }),
        ("Threads", new() { Threads = -1 }),
        ("ClipNorm", new() { ClipNorm = 0 }),
        ("ClipNorm", new() { ClipNorm = double.NaN }),
        ("Momentum", new() { Optimizer = new Sgd { Momentum = 1 } }),
        ("WeightDecay", new() { Optimizer = new AdamW { WeightDecay = -1 } }),
        ("LabelSmoothing", new() { Loss = new CrossEntropyLoss { LabelSmoothing = 1 } }),
        ("Delta", new() { Loss = new HuberLoss { Delta = 0 } }),
    ];

    [TestMethod]
    public void The_defaults_are_valid() => new TrainerOptions().Validate();

    [TestMethod]
    public void Options_outside_their_range_are_refused_before_anything_is_written()
    {
        var folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        foreach (var (name, options) in Wrong)
        {
            var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => Trainer.Start("no such model", folder, new(TinyModels.Points(24), null), options), name);
            Assert.AreEqual(name, error.ParamName);
            Assert.IsFalse(Directory.Exists(folder));
        }
    }

    [TestMethod]
    public void The_first_evaluation_is_better_than_none_and_a_loss_that_is_no_number_is_the_worst()
    {
        Assert.IsTrue(new EvaluationResult(double.NaN, null, 1).IsBetterThan(null));
        Assert.IsTrue(new EvaluationResult(1, null, 1).IsBetterThan(new(2, null, 1)));
        Assert.IsFalse(new EvaluationResult(1, null, 1).IsBetterThan(new(1, null, 1)));
        Assert.IsTrue(new EvaluationResult(9, 0.6, 1).IsBetterThan(new(1, 0.5, 1)), "accuracy goes before loss");
        Assert.IsFalse(new EvaluationResult(1, 0.5, 1).IsBetterThan(new(9, 0.5, 1)));
        Assert.IsTrue(new EvaluationResult(1, null, 1).IsBetterThan(new(double.NaN, null, 1)));
        Assert.IsFalse(new EvaluationResult(double.NaN, null, 1).IsBetterThan(new(1, null, 1)));
        Assert.IsFalse(new EvaluationResult(double.NaN, null, 1).IsBetterThan(new(double.NaN, null, 1)));
    }
}
