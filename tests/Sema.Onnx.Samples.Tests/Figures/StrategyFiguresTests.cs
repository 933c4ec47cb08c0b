using System.Xml.Linq;
using Sema.Onnx.Averaging;

namespace Sema.Onnx.Samples.Figures;

/// <summary>The pictures in docs/figures are what the library's strategies do today. To draw them anew: see tools/Sema.Onnx.Samples/Program.cs.</summary>
[TestClass]
public sealed class StrategyFiguresTests
{
    private const int MostBytes = 30_000;

    public static IEnumerable<object[]> Names => StrategyFigures.All.Keys.Append(StrategyFigures.Soup).Select(name => new object[] { name });

    private static string Folder => Path.Combine(Root(AppContext.BaseDirectory), "docs", "figures");

    [TestMethod, DynamicData(nameof(Names))]
    public void The_picture_in_the_documentation_is_the_one_drawn(string name) => Assert.AreEqual(
        StrategyFigures.Draw(name), File.ReadAllText(Path.Combine(Folder, name + ".svg")).ReplaceLineEndings("\n"),
        "Draw the figures anew and look at them: dotnet run --project tools/Sema.Onnx.Samples -c Release -- figures docs/figures");

    [TestMethod, DynamicData(nameof(Names))]
    public void A_picture_is_small_and_needs_nothing_from_elsewhere(string name)
    {
        var svg = StrategyFigures.Draw(name);
        Assert.IsLessThan(MostBytes, svg.Length);
        foreach (var element in XDocument.Parse(svg).Descendants())
        {
            Assert.AreEqual("http://www.w3.org/2000/svg", element.Name.NamespaceName);
            Assert.Contains(element.Name.LocalName, (string[])["svg", "title", "g", "path", "text", "circle", "polyline"]);
            Assert.IsEmpty(element.Attributes().Where(a => a.Value.Contains("url", StringComparison.Ordinal) || a.Value.Contains("NaN", StringComparison.Ordinal)).ToList());
        }
    }

    [TestMethod]
    public void Every_strategy_has_a_picture_and_every_picture_is_drawn()
    {
        var drawn = StrategyFigures.All.Values.SelectMany(f => f.Drawn).Select(d => d.Strategy.GetType()).Append(typeof(NoAveraging)).ToHashSet();
        foreach (var type in typeof(AveragingStrategy).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(AveragingStrategy)) && !t.IsAbstract && t.IsPublic))
            Assert.Contains(type, drawn, $"'{type.Name}' has no picture.");
        CollectionAssert.AreEquivalent(Names.Select(n => $"{n[0]}.svg").ToList(), Directory.GetFiles(Folder).Select(f => Path.GetFileName(f)).ToList());
    }

    [TestMethod]
    public void Every_average_has_a_label()
    {
        foreach (var (strategy, labels) in StrategyFigures.All.Values.SelectMany(f => f.Drawn))
            Assert.HasCount(strategy.Averages.Count, labels, $"{strategy}");
    }

    [TestMethod]
    public void A_trajectory_is_followed_as_the_strategy_is_defined()
    {
        var run = new Trajectory(new SwitchEma(new(0.9), every: 2));
        Assert.HasCount(Trajectory.Steps / Trajectory.PerEpoch / 2, run.Switches);
        Assert.HasCount(Trajectory.Steps + 1 + run.Switches.Count, run.Weights);
        var (e, at) = (run.Weights[0].Value, 1);
        for (var step = 1; step <= Trajectory.Steps; step++)
        {
            e = (0.9 * e) + (0.1 * run.Weights[at++].Value);
            Assert.AreEqual(e, run.Averages[0][step].Value, 1e-12);
            if (step % 20 == 0)
                Assert.AreEqual(e, run.Weights[at++].Value, 1e-12);
        }
    }

    private static string Root(string folder) => File.Exists(Path.Combine(folder, "Sema.Onnx.sln")) ? folder : Root(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder))!);
}
