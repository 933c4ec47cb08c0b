namespace Sema.Onnx.Graphs.Composition;

[TestClass]
public sealed class WeightLayersTests
{
    private readonly Graph _graph = new("test");
    private readonly List<Value> _trained = [];

    [TestMethod]
    public void Every_node_with_a_new_matrix_begins_a_layer_and_vectors_follow()
    {
        var x = Input();
        var scaled = x * Weight("scale", 4);
        var q = scaled.MatMul(Weight("q", 4, 4));
        var k = scaled.MatMul(Weight("k", 4, 4).Transpose(1, 0));
        var sum = (q + Weight("qb", 4)) * (k + Weight("kb", 4));
        var gemm = _graph.Emit("Gemm", [sum, Weight("w", 4, 3), Weight("b", 3)]);
        _ = gemm * Weight("gain", 3);

        Assert.AreEqual("scale 1, q 1, k 2, qb 1, kb 2, w 3, b 3, gain 3", Text(WeightLayers.ByUse(_graph, _trained)));
    }

    [TestMethod]
    public void A_tied_matrix_counts_where_it_is_used_first_and_a_frozen_one_not_at_all()
    {
        var tied = Weight("tied", 4, 4);
        var x = Input().MatMul(tied).MatMul(_graph.AddInitializer("frozen", Tensor.Floats([4, 4], new float[16]))).MatMul(Weight("w", 4, 4)).MatMul(tied.T);
        _ = x + Weight("b", 4);

        Assert.AreEqual("tied 1, w 2, b 2", Text(WeightLayers.ByUse(_graph, _trained)));
    }

    [TestMethod]
    public void A_weight_that_only_weights_lead_to_is_carried_to_where_the_data_meet_it()
    {
        var x = Input().MatMul(Weight("w", 4, 4));
        var scale = Weight("g", 4).Exp() * Weight("h", 4);
        _ = x * scale;
        Weight("unused", 4);

        Assert.AreEqual("w 1, g 1, h 1, unused 1", Text(WeightLayers.ByUse(_graph, _trained)));
    }

    [TestMethod]
    public void Numbers_in_names_make_layers_with_one_before_and_one_behind()
    {
        var x = Input().MatMul(Weight("embedding", 4, 4)) + Weight("position", 4);
        for (var i = 3; i < 5; i++)
        {
            // An exporter that names only the node, as PyTorch's does.
            var product = x.MatMul(Weight($"onnx::MatMul_{i}", 4, 4));
            product.Producer!.Name = $"/encoder/layer.{i}/MatMul";
            x = product + Weight($"layer.{i}.bias", 4);
        }

        _ = (x * Weight("norm", 4)).MatMul(Weight("head", 4, 3));

        Assert.AreEqual("embedding 0, position 0, onnx::MatMul_3 1, layer.3.bias 1, onnx::MatMul_4 2, layer.4.bias 2, norm 3, head 3",
            Text(WeightLayers.ByName(_graph, _trained, "layer\\.(\\d+)")));
    }

    [TestMethod]
    public void Layers_learn_the_slower_the_earlier_they_are()
    {
        _ = (Input().MatMul(Weight("a", 4, 4)) + Weight("b", 4)).MatMul(Weight("c", 4, 4)).MatMul(Weight("d", 4, 4));

        var layout = ParameterLayout.Of(_trained, [], new() { LayerDecay = new(0.5), Groups = [new("c") { RateScale = 8 }] });

        Assert.AreEqual("layer 1 x0.25, layer 2 'c' x4, layer 3 x1", string.Join(", ", layout.Groups.Select(g => FormattableString.Invariant($"{g.Name} x{g.RateScale}"))));
    }

    private Value Input() => _graph.AddInput("x", ElementType.Float32, Shape.Of(2, 4));

    private Value Weight(string name, params long[] sizes)
    {
        _trained.Add(_graph.AddInitializer(name, Tensor.Floats(sizes, new float[Shape.Of(sizes).Count])));
        return _trained[^1];
    }

    private string Text(IReadOnlyDictionary<Value, int> layers) => string.Join(", ", _trained.Select(w => $"{w.Name} {layers[w]}"));
}
