using Sema.Onnx.Graphs.Functions;
using Sema.Onnx.Graphs.Upgrade;

namespace Sema.Onnx.Graphs.Autodiff;

[TestClass]
public sealed class GradientRulesTests
{
    // Their rules need the sizes of all axes but the first.
    private static readonly HashSet<string> Sized = ["Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "DepthToSpace", "GatherND", "Resize"];

    public static IEnumerable<object[]> Checks =>
        from op in GradientRules.Operators
        from number in Enumerable.Range(0, GradientCases.Of(op).Count)
        from known in Enum.GetValues<Known>()
        where known <= GradientCases.Of(op)[number].Least && (known <= Known.AllButFirst || !Sized.Contains(op))
        select new object[] { op, number, known };

    public static IEnumerable<object[]> Operators => GradientRules.Operators.Select(op => new object[] { op });

    [TestMethod]
    [DynamicData(nameof(Checks))]
    public void Rule_agrees_with_central_differences(string op, int number, Known known)
    {
        var c = GradientCases.Of(op)[number];

        var error = GradientCheck.RelativeError(c, known, seed: 20240209 + number);

        Assert.IsLessThan(c.Tolerance, error, $"{c}: gradient and central differences differ by {error:E2} ({c.Type}, h = {c.Step}).");
    }

    [TestMethod]
    [DynamicData(nameof(Operators))]
    public void Every_rule_has_a_case(string op) => Assert.IsNotEmpty(GradientCases.Of(op), $"'{op}' has a rule but no test case.");

    // ONNX Runtime adds up repeated indices from several threads at once, and loses some.
    [TestMethod]
    public void No_gradient_is_scattered_by_ScatterND() => Assert.IsEmpty(GradientCases.Of("GatherND").Concat(GradientCases.Of("Gather"))
        .SelectMany(c => GradientCheck.GradientGraph(c).Nodes).Concat(SemaFunctions.All.SelectMany(f => f.Body.Nodes)).Where(n => n.OpType == "ScatterND"));

    [TestMethod]
    public void No_operator_is_listed_twice()
    {
        var listed = GradientRules.Operators.Concat(Reasons.SelectMany(group => group.Operators)).Concat(StandardOperators.GivenUp);

        Assert.AreEqual("", string.Join(", ", listed.GroupBy(op => op).Where(g => g.Count() > 1).Select(g => g.Key)));
    }

    [TestMethod]
    public void Every_operator_of_the_standard_has_a_rule_or_a_reason_to_have_none()
    {
        var listed = GradientRules.Operators.Concat(Reasons.SelectMany(group => group.Operators)).Concat(StandardOperators.GivenUp);

        Assert.AreEqual("", string.Join(", ", StandardOperators.All.Except(listed)));
    }

    [TestMethod]
    public void Reasons_name_operators_of_the_standard() =>
        Assert.AreEqual("", string.Join(", ", Reasons.SelectMany(group => group.Operators).Except(StandardOperators.All)));

    [TestMethod]
    public void Operators_that_the_standard_gave_up_are_upgraded_away()
    {
        foreach (var op in StandardOperators.GivenUp)
            Assert.IsTrue(Adapters.Table.Keys.Any(row => row.Op == op), $"'{op}' is not upgraded.");
    }

    private static IEnumerable<(string Reason, string[] Operators)> Reasons => [.. WithoutGradient.Flat, .. WithoutGradient.Rewritten];
}
