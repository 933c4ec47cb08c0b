using Sema.Onnx.Graphs;

namespace Sema.Onnx.Verification.Synthesis;

[TestClass]
public sealed class ShapeCandidatesTests
{
    [TestMethod]
    public void Known_sizes_are_the_only_candidate() => Assert.HasCount(1, All([("x", ElementType.Float32, ["1", "3", "8", "8"])]));

    [TestMethod]
    public void Images_and_sequences_get_sizes_of_their_kind()
    {
        var first = All([("pixels", ElementType.Float32, ["n", "3", "h", "w"]), ("tokens", ElementType.Int64, ["n", "s"])])[0];

        CollectionAssert.AreEqual(new long[] { 2, 3, 64, 64 }, first["pixels"].ToList());
        CollectionAssert.AreEqual(new long[] { 2, 16 }, first["tokens"].ToList());
    }

    [TestMethod]
    public void A_batch_of_one_is_tried_as_well() => Assert.AreEqual(1, All([("x", ElementType.Float32, ["n", "4"])])[1]["x"][0]);

    [TestMethod]
    public void Axes_of_one_name_have_one_size()
    {
        foreach (var shapes in All([("state", ElementType.Float32, ["2", "n", "8"]), ("x", ElementType.Float32, ["n", "t"]), ("length", ElementType.Int64, ["n"])]))
        {
            Assert.AreEqual(shapes["x"][0], shapes["state"][1]);
            Assert.AreEqual(shapes["x"][0], shapes["length"][0]);
        }
    }

    [TestMethod]
    public void The_unnamed_axis_of_a_state_is_the_batch_first_and_a_length_then()
    {
        var all = All([("input", ElementType.Float32, ["", ""]), ("state", ElementType.Float32, ["2", "", "128"])]);

        CollectionAssert.AreEqual(new long[] { 2, 2, 128 }, all[0]["state"].ToList());
        CollectionAssert.AreEqual(new long[] { 2, 1, 128 }, all[1]["state"].ToList());
        CollectionAssert.AreEqual(new long[] { 2, 16, 128 }, all[2]["state"].ToList());
    }

    [TestMethod]
    public void The_unnamed_axis_of_the_only_input_is_a_length() =>
        CollectionAssert.AreEqual(new long[] { 1, 16, 80 }, All([("features", ElementType.Float32, ["1", "", "80"])])[0]["features"].ToList());

    [TestMethod]
    public void A_sum_of_names_is_their_sum()
    {
        var first = All([("past", ElementType.Float32, ["n", "past_length", "8"]), ("mask", ElementType.Int64, ["n", "past_length + 1"])])[0];

        Assert.AreEqual(first["past"][1] + 1, first["mask"][1]);
    }

    [TestMethod]
    public void Given_sizes_hold_for_axes_of_the_same_name()
    {
        var given = new Dictionary<string, IReadOnlyList<long>> { ["x"] = [5, 7] };
        var shapes = All([("x", ElementType.Float32, ["n", "t"]), ("y", ElementType.Float32, ["n", "t", "3"])], given).Single();

        CollectionAssert.AreEqual(new long[] { 5, 7, 3 }, shapes["y"].ToList());
    }

    private static List<IReadOnlyDictionary<string, IReadOnlyList<long>>> All(
        (string Name, ElementType Type, string[] Axes)[] inputs, IReadOnlyDictionary<string, IReadOnlyList<long>>? given = null)
    {
        var graph = new Graph("inputs");
        foreach (var (name, type, axes) in inputs)
            graph.AddInput(name, type, new(axes.Select(a => long.TryParse(a, out var size) ? new Dimension(size) : new Dimension(-1, a))));
        return [.. new ShapeCandidates(graph.Inputs, given ?? new Dictionary<string, IReadOnlyList<long>>()).All()];
    }
}
