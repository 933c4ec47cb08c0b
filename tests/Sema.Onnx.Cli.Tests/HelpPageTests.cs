namespace Sema.Onnx.Cli;

[TestClass]
public sealed class HelpPageTests
{
    public static IEnumerable<object[]> Commands => CommandLine.Root().Subcommands.Select(c => new object[] { c.Name });

    [TestMethod]
    [DynamicData(nameof(Commands))]
    public void Every_command_explains_itself_with_examples(string command)
    {
        var help = Cli.Run(command, "--help").Succeeded();

        Assert.AreEqual("", help.Error);
        Assert.Contains($"\nUsage:\n  sema {command}", help.Output);
        var examples = help.Output[help.Output.IndexOf("\nExamples:", StringComparison.Ordinal)..].Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];
        Assert.IsGreaterThanOrEqualTo(2, examples.Length);
        Assert.IsTrue(examples.All(e => e.StartsWith($"  sema {command}", StringComparison.Ordinal)));
    }

    [TestMethod]
    [DynamicData(nameof(Commands))]
    public void The_list_of_commands_names_each(string command) => Assert.Contains($"\n  {command} ", Cli.Run("--help").Succeeded().Output);

    [TestMethod]
    [DynamicData(nameof(Commands))]
    public void Every_example_parses(string command)
    {
        var help = Cli.Run(command, "-h").Output;
        foreach (var example in help[help.IndexOf("\nExamples:", StringComparison.Ordinal)..].Split('\n').Where(l => l.StartsWith("  sema ", StringComparison.Ordinal)))
        {
            if (example.Contains("--resume", StringComparison.Ordinal))
                continue;   // a resumed run reads its folder first
            var args = System.CommandLine.Parsing.CommandLineParser.SplitCommandLine(example.Trim()[5..]).ToList();
            Assert.IsNull(ParseFailure.Of(CommandLine.Parse(args)), example);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Commands))]
    public void Every_option_is_described_once(string command)
    {
        var options = Cli.Run(command, "--help").Output.Split('\n').Where(l => l.StartsWith("  --", StringComparison.Ordinal)).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[0]).ToList();

        Assert.AreSequenceEqual(options.Distinct(), options);
        var parsed = CommandLine.Root().Subcommands.Single(c => c.Name == command).Options.Select(o => o.Name);
        Assert.IsEmpty(parsed.Except(options.Select(o => o.TrimEnd(','))).ToList());
    }

    [TestMethod]
    public void Lines_keep_to_the_width()
    {
        foreach (var line in Cli.Run("train", "--help").Output.Split('\n').TakeWhile(l => l != "Examples:").Where(l => !l.StartsWith("  sema", StringComparison.Ordinal)))
            Assert.IsLessThanOrEqualTo(110, line.Length, line);
    }

    [TestMethod]
    public void Nothing_at_all_shows_help_and_is_wrong()
    {
        var outcome = Cli.Run();

        Assert.AreEqual(ExitCode.BadInput, outcome.Code);
        Assert.AreEqual("", outcome.Output);
        Assert.Contains("Commands:", outcome.Error);
    }

    [TestMethod]
    public void The_version_is_a_number() => Assert.IsTrue(Version.TryParse(Cli.Run("--version").Succeeded().Output.Trim(), out _));
}
