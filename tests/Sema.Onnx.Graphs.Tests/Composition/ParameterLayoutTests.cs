namespace Sema.Onnx.Graphs.Composition;

[TestClass]
public sealed class ParameterLayoutTests
{
    private readonly Graph _graph = new("test");

    [TestMethod]
    public void Parameters_begin_at_256_bytes_and_groups_cover_the_vector()
    {
        var layout = ParameterLayout.Of(
            [Weight("a", 3, 5), Weight("b", 70), Weight("c"), Weight("d", 1, 64)], [Weight("mean", 4), Weight("variance", 4)], decayVectors: false);

        // 15 elements take 64, 64 take 64; 70 take 128, one takes 64; two times 4 take 64 each.
        Assert.AreEqual("a 0 decay, d 64 decay, b 128 no_decay, c 256 no_decay, mean 320 statistics, variance 384 statistics",
            string.Join(", ", layout.Parameters.Select(p => $"{p.Name} {p.Offset} {p.Group}")));
        Assert.AreEqual("decay 0+128, no_decay 128+192, statistics 320+128", string.Join(", ", layout.Groups.Select(g => $"{g.Name} {g.Start}+{g.Length}")));
        Assert.AreEqual(448, layout.Length);
        Assert.IsTrue(layout.Parameters.All(p => p.Offset * sizeof(float) % 256 == 0));
        Assert.AreEqual("True True, True False, False False", string.Join(", ", layout.Groups.Select(g => $"{g.Trained} {g.Decays}")));
    }

    [TestMethod]
    public void Vectors_decay_with_the_rest_where_that_is_asked()
    {
        var layout = ParameterLayout.Of([Weight("a", 3, 5), Weight("b", 70)], [], decayVectors: true);
        Assert.AreEqual("decay", string.Join(", ", layout.Groups.Select(g => g.Name)));
        Assert.AreEqual(64 + 128, layout.Length);
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
