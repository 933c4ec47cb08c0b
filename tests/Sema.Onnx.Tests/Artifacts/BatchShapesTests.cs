using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Training;

namespace Sema.Onnx.Artifacts;

[TestClass]
public sealed class BatchShapesTests
{
    [TestMethod]
    public void The_batch_goes_where_its_name_stands() => Assert.AreEqual("tokens [4, 3] | in/mask:0 [4, 3] | state [1, 4, 3] | scale []",
        Of(TinyModels.Tokens(), ("tokens", [3]), ("in/mask:0", [3])));

    [TestMethod]
    public void A_batch_of_1_that_is_baked_in_makes_room() => Assert.AreEqual("x [4, 4]", Of(TinyModels.Mlp("1")));

    [TestMethod]
    public void The_only_input_needs_no_name() => Assert.AreEqual("x [4, 4]", Of(TinyModels.Mlp(), ("", [4])));

    [TestMethod]
    public void What_is_left_open_or_wrong_is_refused()
    {
        Refused("The model's input 'in/mask:0' has the shape [batch, length], which leaves open how large a sample is", ("tokens", [3]));
        Refused("--input-shape: the model has no input 'words'; say NAME=A,B,... with one of 'tokens', 'in/mask:0', 'state', 'scale'.", ("words", [3]));
        Refused("--input-shape: the model has several inputs; say NAME=", ("", [3]));

        static void Refused(string message, params (string Name, long[] Sizes)[] samples) =>
            Assert.Contains(message, Assert.ThrowsExactly<InvalidModelException>(() => Of(TinyModels.Tokens(), samples)).Message);
    }

    private static string Of(Model model, params (string Name, long[] Sizes)[] samples)
    {
        using var folder = new TemporaryFolder();
        var shapes = BatchShapes.Of(model.Save(folder), 4, samples.ToDictionary(s => s.Name, s => (IReadOnlyList<long>)s.Sizes));
        return string.Join(" | ", shapes.Inputs.Select(s => $"{s.Key} {Shape.Of(s.Value)}"));
    }
}
