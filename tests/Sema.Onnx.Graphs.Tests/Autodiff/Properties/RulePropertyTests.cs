using FsCheck;
using FsCheck.Fluent;

namespace Sema.Onnx.Graphs.Autodiff.Properties;

/// <summary>Every rule against central differences, on shapes and attributes drawn at random from its operator's domain.</summary>
[TestClass]
public sealed class RulePropertyTests
{
    private const int Draws = 16;
    private const ulong Seed = 20240209;
    private const ulong Gamma = 9223372036854775807;   // odd

    public static IEnumerable<object[]> Operators => RuleDomains.Table.Keys.Select(op => new object[] { op });

    [TestMethod]
    [DynamicData(nameof(Operators))]
    public void Rule_agrees_with_central_differences_over_its_domain(string op)
    {
        var domain = from c in RuleDomains.Table[op]
                     from known in Draw.OneOf(Enum.GetValues<Known>())
                     from seed in Gen.Choose(1, 1 << 20)
                     select (Case: c with { Op = op }, Known: known < c.Least ? known : c.Least, Seed: seed);
        var config = Config.QuickThrowOnFailure.WithMaxTest(Draws).WithReplay(Seed, Gamma).WithQuietOnSuccess(true);

        Check.One(config, Prop.ForAll(Arb.From(domain), draw => Agrees(draw.Case, draw.Known, draw.Seed)));
    }

    [TestMethod]
    public void Every_rule_has_a_domain_or_is_a_matter_of_cases() =>
        Assert.AreEqual("", string.Join(", ", GradientRules.Operators.Except(RuleDomains.Table.Keys).Except(RuleDomains.CasesOnly)));

    [TestMethod]
    public void No_rule_with_a_domain_is_left_to_cases() => Assert.IsEmpty(RuleDomains.CasesOnly.Intersect(RuleDomains.Table.Keys));

    private static bool Agrees(GradientCase c, Known known, int seed)
    {
        var error = GradientCheck.RelativeError(c, known, seed);
        return error < c.Tolerance ? true : throw new AssertFailedException($"{c}, knowing {known}, seed {seed}: gradient and central differences differ by {error:E2}.");
    }
}
