namespace Sema.Onnx.Cli;

/// <summary>What is wrong before any file is read.</summary>
[TestClass]
public sealed class BadArgumentTests
{
    [TestMethod]
    [DataRow("trian", "Unknown command 'trian'", "did you mean 'train'")]
    [DataRow("train m.onnx --epoch 3", "Unknown option '--epoch'", "did you mean '--epochs'")]
    [DataRow("eval m.onnx --frobnicate", "Unknown option '--frobnicate'", "sema eval --help")]
    [DataRow("eval a.onnx b.onnx", "Unexpected argument 'b.onnx'")]
    [DataRow("train m.onnx --epochs three", "--epochs", "'three'")]
    [DataRow("train m.onnx --epochs 0", "--epochs", "at least 1")]
    [DataRow("train m.onnx --epochs 99999999999999999999", "--epochs")]
    [DataRow("train m.onnx --lr fast", "--lr", "'fast'")]
    [DataRow("train m.onnx --lr nan", "--lr", "'nan'")]
    [DataRow("train m.onnx --mean 1,x", "--mean", "'x'")]
    [DataRow("train m.onnx --loss nll", "--loss", "cross-entropy, bce, mse, l1 or huber")]
    [DataRow("train m.onnx --average median", "--average", "none, ema, sema, swa")]
    [DataRow("train m.onnx --epochs", "--epochs")]
    [DataRow("train m.onnx --data mnist", "--out")]
    [DataRow("train --out run --data mnist", "model", "missing")]
    [DataRow("train --out a --resume b", "There is no run 'b'")]
    [DataRow("export run", "OUT.onnx")]
    [DataRow("inspect", "MODEL")]
    [DataRow("verify m.onnx", "REFERENCE.npz")]
    [DataRow("verify m.onnx r.npz --switch-every 2epochs --ema 0.9", "--switch-every", "steps")]
    [DataRow("verify m.onnx r.npz --switch-every 2", "--ema-decay")]
    [DataRow("verify m.onnx r.npz --ema-decay 1", "--ema-decay", "[0, 1)")]
    [DataRow("verify m.onnx r.npz --tolerance 0", "--tolerance")]
    [DataRow("gradcheck", "MODEL")]
    [DataRow("gradcheck SELF --directions 0", "--directions", "at least 1")]
    [DataRow("gradcheck SELF --shape x", "--shape", "'x'")]
    [DataRow("gradcheck SELF --shape x=1,0", "--shape", "'x=1,0'")]
    [DataRow("gradcheck SELF --shape x=1 --shape x=2", "--shape", "twice")]
    [DataRow("gradcheck SELF --range x=2,1", "--range", "'2,1'")]
    [DataRow("gradcheck SELF --range x=a", "--range", "'a'")]
    [DataRow("gradcheck SELF --range =1", "--range", "'=1'")]
    public void Is_refused_in_one_sentence(string line, params string[] says) =>
        Cli.Run(line.Replace("SELF", typeof(BadArgumentTests).Assembly.Location, StringComparison.Ordinal).Split(' ')).IsFailure(ExitCode.BadInput, says);

    [TestMethod]
    [DataRow("--ema-decay 1", "[0, 1)")]
    [DataRow("--ema-decay 0.9,0.9", "once")]
    [DataRow("--ema-warmup slowly", "--ema-warmup", "'slowly'")]
    [DataRow("--ema-warmup linear:0.5", "--ema-warmup")]
    [DataRow("--ema-warmup linear:2:10", "ratio")]
    [DataRow("--switch-every often", "--switch-every", "'often'")]
    [DataRow("--switch-every 0", "--switch-every")]
    [DataRow("--switch-keep 1", "[0, 1)")]
    [DataRow("--switch-start 5 --switch-end 2", "never")]
    [DataRow("--optimizer momentum --momentum 1", "--momentum")]
    [DataRow("--optimizer adam --momentum 0.9", "--momentum", "adam has no use for it")]
    [DataRow("--beta1 1", "--beta1")]
    [DataRow("--optimizer adan --beta3 1", "--beta3")]
    [DataRow("--optimizer rmsprop --alpha -1", "--alpha")]
    [DataRow("--optimizer adagrad --epsilon 0", "--epsilon")]
    [DataRow("--optimizer lars --trust 0", "--trust")]
    [DataRow("--optimizer adamp --delta -1", "--delta")]
    [DataRow("--optimizer admetas --lambda 1", "--lambda")]
    [DataRow("--optimizer schedule-free-sgd --average sema", "--average sema", "schedule-free")]
    [DataRow("--weight-decay -1", "--weight-decay")]
    [DataRow("--label-smoothing 1", "--label-smoothing")]
    [DataRow("--schedule cosine --min-lr 1", "[0, 0.0001]")]
    [DataRow("--schedule step --step-factor 2", "(0, 1]")]
    [DataRow("--schedule multi-step", "--milestones")]
    [DataRow("--schedule multi-step --milestones 5,3epochs", "--milestones", "does not rise")]
    [DataRow("--schedule multi-step --milestones 5steps,8epochs", "--milestones")]
    [DataRow("--schedule multi-step --milestones soon", "--milestones", "'soon'")]
    [DataRow("--schedule polynomial --power 0", "above 0")]
    [DataRow("--schedule exponential --step-factor 2", "(0, 1]")]
    [DataRow("--schedule one-cycle --one-cycle-rise 1", "(0, 1)")]
    [DataRow("--schedule one-cycle --one-cycle-div 0.5", "at least 1")]
    [DataRow("--schedule cosine-restarts --restart-first 0", "--restart-first")]
    [DataRow("--schedule cyclical --min-lr 1", "[0, 0.0001]")]
    [DataRow("--schedule cyclical --cycle-rise 1", "--cycle-rise")]
    [DataRow("--schedule cyclical --cycle-gamma 2", "(0, 1]")]
    [DataRow("--swa-anneal 5epochs", "--swa-lr")]
    [DataRow("--swa-lr 0.1 --swa-anneal 1 --swa-cycle 1", "exclude")]
    [DataRow("--swa-lr 0.1 --swa-lr-low 0.01", "--swa-cycle")]
    [DataRow("--swa-lr 0.1 --swa-cycle 1epochs --swa-lr-low 0.2", "[0, 0.1]")]
    [DataRow("--sam 0", "--sam", "above 0")]
    [DataRow("--sam 0.1 --asam 1", "exclude")]
    [DataRow("--asam 1 --asam-eta -1", "at least 0")]
    [DataRow("--group head", "--group: 'head' is no group")]
    [DataRow("--group head:rate=3", "--group")]
    [DataRow("--group head:lr=-1", "at least 0", "'head'")]
    [DataRow("--group head.*:lr=3", "No trained weight", "'head.*'")]
    [DataRow("--layer-decay 2", "(0, 1]")]
    [DataRow("--layer-pattern x(1)", "--layer-decay")]
    [DataRow("--layer-decay 0.5 --layer-pattern x", "one group")]
    [DataRow("--layer-decay 0.5 --layer-pattern block(1)", "finds no number")]
    [DataRow("--ema-reference-batch 0", "--ema-reference-batch")]
    [DataRow("--lr -1", "not negative")]
    [DataRow("--clip-norm 0", "above 0")]
    [DataRow("--provider gpu", "'gpu'", "cuda")]
    [DataRow("--augment blur", "'blur'")]
    [DataRow("--data parquet:x", "'parquet:x'")]
    [DataRow("--data npz", "names no path")]
    public void A_run_with_it_is_refused_and_leaves_no_folder(string options, params string[] says)
    {
        using var sample = new Sample();

        string[] data = options.Contains("--data", StringComparison.Ordinal) ? [] : ["--data", sample.Data];
        Cli.Run(["train", sample.Model, .. data, "--out", sample.In("run"), .. options.Split(' ')]).IsFailure(ExitCode.BadInput, says);

        Assert.IsFalse(Directory.Exists(sample.In("run")));
    }

    [TestMethod]
    public void Debug_adds_the_trace()
    {
        var outcome = Cli.Run("eval", "nowhere.onnx", "--data", "mnist", "--debug");

        Assert.AreEqual(ExitCode.BadInput, outcome.Code);
        Assert.Contains("   at Sema.", outcome.Error);
    }

    [TestMethod]
    public void A_file_of_arguments_is_not_read() => Cli.Run("@arguments.txt").IsFailure(ExitCode.BadInput, "@arguments.txt");
}
