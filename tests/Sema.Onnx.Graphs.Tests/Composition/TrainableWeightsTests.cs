namespace Sema.Onnx.Graphs.Composition;

[TestClass]
public sealed class TrainableWeightsTests
{
    private readonly Graph _graph = new("test");
    private readonly Value _x;

    public TrainableWeightsTests() => _x = _graph.AddInput("x", ElementType.Float32, Shape.Of(2, 2));

    [TestMethod]
    public void Weights_that_reach_the_loss_are_trained()
    {
        var loss = _x.MatMul(Weight("w", [2, 2], 1, 2, 3, 4)) + Weight("b", [2], 5, 6);
        Is(loss, "w", Verdict.Trained);
        Is(loss, "b", Verdict.Trained);
    }

    [TestMethod]
    public void A_weight_is_followed_through_Transpose_Identity_and_twofold_use()
    {
        var w = Weight("w", [2, 2], 1, 2, 3, 4);
        Is(_x.MatMul(w.T).MatMul(w.Identity()), "w", Verdict.Trained);
        Assert.HasCount(1, TrainableWeights.Judge(_x.MatMul(w.T).MatMul(w.Identity()), [], []));
    }

    [TestMethod]
    public void A_weight_is_followed_into_bodies()
    {
        Value w = Weight("w", [2, 2], 1, 2, 3, 4), aside = Weight("aside", [2, 2], 1, 2, 3, 4), yes = _graph.AddInput("yes", ElementType.Bool, Shape.Of());
        Value[] normal = [Weight("gamma", [2], 1, 2), Weight("beta", [2], 1, 2), Weight("mean", [2], 1, 2), Weight("variance", [2], 1, 2)];
        var y = Passes.BodyGraphs.If(_graph, "y", yes,
            t => t.Emit("BatchNormalization", [t.Emit("MatMul", [_x, w]), .. normal]), e => e.Emit("Mul", [_x, e.Emit("Sign", [aside])])).Output.As(ElementType.Float32);
        Passes.ExplicitCaptures.Run(_graph);

        Is(y, "w", Verdict.Trained);
        Is(y, "gamma", Verdict.Trained);
        Is(y, "mean", Verdict.Statistic);
        Is(y, "aside", Verdict.Unreached);
    }

    [TestMethod]
    public void Masks_are_constants()
    {
        var additive = Weight("additive", [2, 2], 0, -1e9f, 0, 0);
        var infinite = Weight("infinite", [2, 2], 0, float.NegativeInfinity, 0, 0);
        var triangle = Weight("triangle", [2, 2], 1, 0, 1, 1);
        var loss = ((_x + additive) + infinite) * triangle;
        Is(loss, "additive", Verdict.Constant);
        Is(loss, "infinite", Verdict.Constant);
        Is(loss, "triangle", Verdict.Constant);
    }

    [TestMethod]
    public void What_only_looks_like_a_mask_is_trained()
    {
        // all 0, all 1, two other values, a vector, and 0 beside a moderate number
        Value[] weights =
        [
            Weight("zeros", [2, 2], 0, 0, 0, 0), Weight("ones", [2, 2], 1, 1, 1, 1), Weight("three", [2, 2], 0, 1, -1e9f, 0),
            Weight("vector", [2], 0, 1), Weight("moderate", [2, 2], 0, -10, 0, 0),
        ];
        var loss = weights.Aggregate(_x, (sum, w) => sum + w);
        foreach (var weight in weights)
            Is(loss, weight.Name, Verdict.Trained);
    }

    [TestMethod]
    public void Scalars_are_constants_but_a_vector_of_one_is_a_weight()
    {
        var loss = _x * Weight("scale", [], 0.125f) + Weight("bias", [1], 0.5f);
        Is(loss, "scale", Verdict.Constant);
        Is(loss, "bias", Verdict.Trained);
        Is(loss, "scale", Verdict.Trained, train: ["scale"]);
    }

    [TestMethod]
    public void Running_statistics_are_neither_trained_nor_named_into_training()
    {
        var image = _graph.AddInput("image", ElementType.Float32, Shape.Of(1, 2, 1, 1));
        var loss = _graph.Emit("BatchNormalization", [image, Weight("gamma", [2], 1, 2), Weight("beta", [2], 1, 2), Weight("mean", [2], 0, 3).Identity(), Weight("variance", [2], 1, 4)]);
        Is(loss, "gamma", Verdict.Trained);
        Is(loss, "beta", Verdict.Trained);
        Is(loss, "mean", Verdict.Statistic);
        Is(loss, "variance", Verdict.Statistic);
        Is(loss, "mean", Verdict.Statistic, train: ["*"]);
    }

    [TestMethod]
    public void What_reaches_the_loss_through_no_gradient_is_not_trained()
    {
        var cut = _graph.Emit("ArgMax", [Weight("cut", [2, 2], 1, 2, 3, 4)]).As(ElementType.Int64).Cast(ElementType.Float32);
        _ = _x * Weight("aside", [2, 2], 1, 2, 3, 4);
        var loss = _x + cut;
        Is(loss, "cut", Verdict.Unreached);
        Is(loss, "aside", Verdict.Unreached);
        Is(loss, "cut", Verdict.Unreached, train: ["cut"]);
    }

    [TestMethod]
    public void Patterns_freeze_and_name()
    {
        var loss = _x.MatMul(Weight("body.0.weight", [2, 2], 1, 2, 3, 4)).MatMul(Weight("body.1.weight", [2, 2], 1, 2, 3, 4)).MatMul(Weight("head.weight", [2, 2], 1, 2, 3, 4));
        Is(loss, "body.0.weight", Verdict.Frozen, freeze: ["body.*"]);
        Is(loss, "head.weight", Verdict.Trained, freeze: ["body.*"]);
        Is(loss, "body.1.weight", Verdict.Frozen, freeze: ["body.?.weight"]);
        Is(loss, "body.0.weight", Verdict.Frozen, train: ["head.*"]);
        Is(loss, "head.weight", Verdict.Trained, train: ["head.*"]);
        Is(loss, "body.0.weight", Verdict.Frozen, freeze: ["*.0.*"], train: ["body.*"]);
        Is(loss, "body.1.weight", Verdict.Trained, freeze: ["*.0.*"], train: ["body.*"]);
        Is(loss, "body.0.weight", Verdict.Trained, freeze: ["BODY.*"]);
    }

    private static void Is(Value loss, string name, Verdict verdict, string[]? freeze = null, string[]? train = null) =>
        Assert.AreEqual(verdict, TrainableWeights.Judge(loss, freeze ?? [], train ?? []).Single(j => j.Value.Name == name).Verdict, name);

    private Value Weight(string name, long[] sizes, params float[] values) => _graph.AddInitializer(name, Tensor.Floats(sizes, values));
}
