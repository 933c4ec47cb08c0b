namespace Sema.Onnx.Graphs.Autodiff;

[TestClass]
public sealed class GradientRulesTests
{
    // Their rules need the spatial sizes.
    private static readonly HashSet<string> Windowed = ["Conv", "MaxPool", "AveragePool", "GlobalAveragePool", "DepthToSpace"];

    public static IEnumerable<object[]> Checks =>
        from op in GradientRules.Operators
        from number in Enumerable.Range(0, GradientCases.Of(op).Count)
        from known in Enum.GetValues<Known>()
        where known <= Known.AllButFirst || !Windowed.Contains(op)
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

    [TestMethod]
    public void No_operator_both_has_a_rule_and_counts_as_flat() =>
        Assert.IsEmpty(GradientRules.Operators.Intersect(GradientRules.NotDifferentiable));
}
