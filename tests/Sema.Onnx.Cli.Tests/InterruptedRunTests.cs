namespace Sema.Onnx.Cli;

/// <summary>Runs that are stopped, politely and not, end in the same file as one that was left alone.</summary>
[TestClass]
public sealed class InterruptedRunTests
{
    private const int Kills = 4;

    [TestMethod]
    public void A_run_that_is_killed_again_and_again_ends_in_the_same_file()
    {
        using var sample = new Sample();
        string[] options = ["--data", sample.Data, "--batch-size", "2", "--epochs", "60", "--lr", "0.001", "--save-every", "7", "--threads", "1"];
        Cli.Run(["train", sample.Model, .. options, "--out", sample.In("whole")]).Succeeded();

        var random = new Random(20240209);
        var run = sample.In("killed");
        var kills = 0;
        for (var attempt = 0; attempt < Kills; attempt++)
        {
            using var child = Directory.Exists(run) ? Child.Start("train", "--resume", run) : Child.Start(["train", sample.Model, .. options, "--out", run]);
            var steps = StepsDone(run);
            child.Until(() => StepsDone(run) > steps);
            Thread.Sleep(random.Next(5, 300));
            child.Kill();
            kills += child.Wait().Code == 0 ? 0 : 1;
        }

        Assert.IsGreaterThan(1, kills, "The run was over before it could be killed.");
        Cli.Run("train", "--resume", run).Succeeded();
        foreach (var checkpoint in new[] { "best", "last" })
            Assert.AreSequenceEqual(Exported(sample, "whole", checkpoint), Exported(sample, "killed", checkpoint));
    }

    [TestMethod]
    public void A_run_that_is_killed_before_its_first_step_goes_on_all_the_same()
    {
        using var sample = new Sample();
        string[] options = ["--data", sample.Data, "--batch-size", "2", "--epochs", "2", "--threads", "1"];
        Cli.Run(["train", sample.Model, .. options, "--out", sample.In("whole")]).Succeeded();
        foreach (var milliseconds in new[] { 0, 15, 40, 80, 160 })
        {
            var run = sample.In($"killed{milliseconds}");
            using var child = Child.Start(["train", sample.Model, .. options, "--out", run]);
            child.Until(() => File.Exists(Path.Combine(run, "config.json")));
            Thread.Sleep(milliseconds);
            child.Kill();
            child.Wait();

            Cli.Run("train", "--resume", run).Succeeded();

            Assert.AreSequenceEqual(Exported(sample, "whole", "last"), Exported(sample, $"killed{milliseconds}", "last"));
        }
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)]
    public void A_run_that_is_asked_to_stop_saves_and_says_how_to_go_on()
    {
        using var sample = new Sample();
        var run = sample.In("run");
        using var child = Child.Start("train", sample.Model, "--data", sample.Data, "--batch-size", "2", "--epochs", "100000", "--out", run);
        child.Until(() => StepsDone(run) > 0);

        child.Terminate();
        var outcome = child.Wait();

        Assert.AreEqual(ExitCode.Interrupted, outcome.Code, outcome.Error);
        Assert.MatchesRegex(@"\nStopped at step \d+ of 4800000 \(epoch \d+\)\. Go on with: sema train --resume \S+run\n$", outcome.Output);
        var step = StepsDone(run);
        Assert.Contains($"Stopped at step {step} of", outcome.Output);
        Assert.AreEqual(step, Cli.Run("train", "--resume", run, "--steps", "1", "--json").Succeeded().Json.GetProperty("step").GetInt64());
    }

    // The step of the last checkpoint; 0 before the first.
    private static long StepsDone(string run)
    {
        var checkpoints = Path.Combine(run, "checkpoints");
        try
        {
            return Directory.Exists(checkpoints)
                ? Directory.EnumerateDirectories(checkpoints, "step-*").Select(d => long.Parse(Path.GetFileName(d)[5..], System.Globalization.CultureInfo.InvariantCulture)).DefaultIfEmpty().Max()
                : 0;
        }
        catch (DirectoryNotFoundException)
        {
            return 0;
        }
    }

    private static byte[] Exported(Sample sample, string run, string checkpoint)
    {
        Cli.Run("export", sample.In(run), sample.In("exported.onnx"), "--checkpoint", checkpoint).Succeeded();
        return File.ReadAllBytes(sample.In("exported.onnx"));
    }
}
