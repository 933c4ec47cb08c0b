namespace Sema.Onnx.Export;

[TestClass]
public sealed class DeferredWeightsTests
{
    [TestMethod]
    public void Weights_are_fetched_each_time_and_only_those_there_are()
    {
        var fetched = new List<string>();
        var weights = new DeferredWeights(["b", "a"], name =>
        {
            fetched.Add(name);
            return new float[] { name[0] };
        });

        Assert.AreEqual("2 b a", $"{weights.Count} {string.Join(' ', weights.Keys)}");
        Assert.IsTrue(weights.ContainsKey("a"));
        Assert.IsFalse(weights.TryGetValue("c", out _));
        Assert.IsEmpty(fetched);
        Assert.AreEqual('a', weights["a"].Span[0]);
        Assert.IsTrue(weights.TryGetValue("a", out var a));
        Assert.AreEqual('a', a.Span[0]);
        Assert.AreEqual("a a", string.Join(' ', fetched));
        Assert.AreEqual("b 98, a 97", string.Join(", ", weights.Select(w => $"{w.Key} {w.Value.Span[0]}")));
        Assert.ThrowsExactly<KeyNotFoundException>(() => weights["c"]);
    }
}
