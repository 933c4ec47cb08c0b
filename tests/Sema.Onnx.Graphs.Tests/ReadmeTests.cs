using Sema.Onnx.Graphs.Autodiff;
using Sema.Onnx.Graphs.Lowering;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs;

/// <summary>The README's table of operators is the rule table's. To write it anew: <c>SEMA_WRITE_GOLDEN=1 dotnet test</c>.</summary>
[TestClass]
public sealed class ReadmeTests
{
    private const string Begin = "<!-- operators -->\n", End = "<!-- /operators -->";

    [TestMethod]
    public void Operator_table_is_printed_from_the_rules()
    {
        var path = Path.Combine(Root(), "README.md");
        var readme = File.ReadAllText(path);
        var (start, end) = (readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, readme.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("SEMA_WRITE_GOLDEN") == "1")
            File.WriteAllText(path, readme[..start] + Table() + readme[end..]);

        Assert.AreEqual(Table(), File.ReadAllText(path)[start..(start + Table().Length)], "Run with SEMA_WRITE_GOLDEN=1 to print the table anew.");
    }

    private static string Table()
    {
        var standard = GradientRules.Operators.Where(o => !o.Contains('.', StringComparison.Ordinal)).ToArray();
        var lowered = Lowerings.Operators.Concat(Experiments.Rewritten).Concat(WithoutGradient.Rewritten.SelectMany(group => group.Operators)).Union(GradientRules.Operators.Where(o => o.StartsWith(Lowerings.RuntimeDomain, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal).ToLookup(o => o.Contains('.', StringComparison.Ordinal), o => o[(o.LastIndexOf('.') + 1)..]);
        return $"| | |\n| --- | --- |\n| {standard.Length} operators with a gradient | {string.Join(", ", standard)} |\n"
            + $"| {lowered[false].Count()} that are written in these | {string.Join(", ", lowered[false])} |\n"
            + $"| {lowered[true].Count()} of ONNX Runtime (com.microsoft), most written in these | {string.Join(", ", lowered[true])} |\n"
            + $"| {GradientRules.NotDifferentiable.Count()} that carry none by their nature: | |\n" + Rows(WithoutGradient.Flat);

        static string Rows((string Reason, string[] Operators)[] groups) =>
            string.Concat(groups.Select(group => $"| {group.Reason} | {string.Join(", ", group.Operators)} |\n"));
    }

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Sema.Onnx.sln")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The repository's root was not found.");
        return folder;
    }
}
