namespace Sema.Onnx.Graphs.Composition;

[TestClass]
public sealed class ParameterLayoutTests
{
    private readonly Graph _graph = new("test");

    [TestMethod]
    public void Parameters_begin_at_256_bytes_and_groups_cover_the_vector()
    {
        var layout = ParameterLayout.Of(
            [Weight("a", 3, 5), Weight("b", 70), Weight("c"), Weight("d", 1, 64)], [Weight("mean", 4), Weight("variance", 4)], new() { DecayVectors = false });

        // 15 elements take 64, 64 take 64; 70 take 128, one takes 64; two times 4 take 64 each.
        Assert.AreEqual("a 0 decay, d 64 decay, b 128 no_decay, c 256 no_decay, mean 320 statistics, variance 384 statistics",
            string.Join(", ", layout.Parameters.Select(p => $"{p.Name} {p.Offset} {p.Group}")));
        Assert.AreEqual("decay 0+128, no_decay 128+192, statistics 320+128", string.Join(", ", layout.Groups.Select(g => $"{g.Name} {g.Start}+{g.Length}")));
        Assert.AreEqual(448, layout.Length);
        Assert.IsTrue(layout.Parameters.All(p => p.Offset * sizeof(float) % 256 == 0));
        Assert.AreEqual("True , True 0, False 0", string.Join(", ", layout.Groups.Select(g => $"{g.Trained} {g.WeightDecay}")));
    }

    [TestMethod]
    public void Vectors_decay_with_the_rest_where_that_is_asked()
    {
        var layout = ParameterLayout.Of([Weight("a", 3, 5), Weight("b", 70)], [], new());
        Assert.AreEqual("decay", string.Join(", ", layout.Groups.Select(g => g.Name)));
        Assert.AreEqual(64 + 128, layout.Length);
    }

    [TestMethod]
    public void Rules_make_groups_of_their_own_and_the_first_that_fits_wins()
    {
        var layout = ParameterLayout.Of(
            [Weight("body.w", 2, 2), Weight("body.b", 2), Weight("head.w", 2, 2), Weight("head.b", 2), Weight("norm", 2)], [],
            new() { DecayVectors = false, Groups = [new("head.b") { WeightDecay = 0.3 }, new("head.*") { RateScale = 10 }, new("norm") { RateScale = 0.1 }] });

        Assert.AreEqual("'head.b': head.b x1 0.3, 'head.*': head.w x10 , decay: body.w x1 , 'norm' no_decay: norm x0.1 0, no_decay: body.b x1 0", string.Join(", ", layout.Groups.Select(
            g => FormattableString.Invariant($"{g.Name}: {string.Join(' ', layout.Parameters.Where(p => p.Group == g.Name).Select(p => p.Name))} x{g.RateScale} {g.WeightDecay}"))));
        Assert.AreEqual(5 * 64, layout.Length);
        Assert.IsTrue(layout.Groups.Zip(layout.Groups.Skip(1)).All(g => g.First.Start + g.First.Length == g.Second.Start), "groups cover the vector");
    }

    [TestMethod]
    public void A_parameter_counts_its_elements()
    {
        Assert.AreEqual(15, new Parameter("a", [3, 5], 0, "decay").Count);
        Assert.AreEqual(1, new Parameter("a", [], 0, "decay").Count);
    }

    private Value Weight(string name, params long[] sizes) =>
        _graph.AddInitializer(name, Tensor.Floats(sizes, new float[Shape.Of(sizes).Count]));
}
