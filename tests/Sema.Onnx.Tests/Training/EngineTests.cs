using Sema.Onnx.Artifacts;
using Sema.Onnx.Averaging;
using Sema.Onnx.Data;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Losses;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

[TestClass]
public sealed class EngineTests
{
    private const int Inputs = 300, Outputs = 301;

    [TestMethod]
    [DataRow(1, true)]
    [DataRow(0, true)]
    [DataRow(1, false)]
    [DataRow(0, false)]
    public void An_update_in_pieces_has_the_bits_of_one_over_the_whole(int threads, bool kernels)
    {
        using var folder = new TemporaryFolder();
        var optimizer = new AdamW { WeightDecay = 0.1 };
        using var engine = Engine.Open(Artifacts(folder, optimizer), optimizer, new SessionSettings { Threads = threads, Kernels = kernels });
        Assert.IsGreaterThan(2 * (1 << 15), engine.Weights.Length, "more than one piece is needed");
        using var whole = new UpdateRun(optimizer, 2, Read(engine.Weights), inPlace: true);
        for (var step = 1; step <= 3; step++)
        {
            var gradient = TestModels.Random(step, (int)engine.Weights.Length);
            engine.Gradients.CopyFrom<float>(gradient);
            engine.Update(new(step, 0.01, 0.5, [0.9, 0.99], []));
            whole.Step(gradient, 0.01, optimizer.WeightDecay, 0.5, 0.9, 0.99);
        }

        CollectionAssert.AreEqual(whole[UpdateGraph.Weights], Read(engine.Weights));
        CollectionAssert.AreEqual(whole[UpdateGraph.Average(0)], Read(engine.Shadows[0]));
        CollectionAssert.AreEqual(whole[UpdateGraph.Average(1)], Read(engine.Shadows[1]));
        CollectionAssert.AreEqual(whole[optimizer.Slots[1]], Read(engine.Slots[1]));
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void A_switch_copies_the_average_or_a_share_of_it(bool kernels)
    {
        using var folder = new TemporaryFolder();
        using var engine = Engine.Open(Artifacts(folder, new Sgd()), new Sgd(), new SessionSettings { Kernels = kernels });
        var (w, e) = (Read(engine.Weights), TestModels.Random(7, (int)engine.Weights.Length));
        engine.Shadows[1].CopyFrom<float>(e);
        engine.Switch(new SwitchDecision(1, 0.25));
        var mixed = Read(engine.Weights);
        for (var i = 0; i < w.Length; i++)
            Assert.AreEqual(0.25f * w[i] + 0.75f * e[i], mixed[i], 1e-6f);
        engine.Switch(new SwitchDecision(1, 0));
        CollectionAssert.AreEqual(e, Read(engine.Weights));
        CollectionAssert.AreEqual(e, Read(engine.Shadows[1]), "the average stays");
    }

    private static string Artifacts(TemporaryFolder folder, Optimizer optimizer)
    {
        var graph = new Graph("wide");
        var x = graph.AddInput("x", ElementType.Float32, TinyModels.Batched("batch", Inputs));
        var model = TinyModels.Finish(graph, x.MatMul(TinyModels.Weight(graph, "w", Inputs, Outputs)) + TinyModels.Weight(graph, "b", Outputs), TinyModels.Batched("batch", Outputs));
        var path = Path.Combine(folder.Path, "artifacts");
        ArtifactBuilder.Build(model.Save(folder), path, new() { Loss = new MeanSquaredErrorLoss(), Optimizer = optimizer, Averages = 2 }, [2, Inputs]);
        return path;
    }

    private static float[] Read(Arena arena)
    {
        var values = new float[arena.Length];
        arena.CopyTo<float>(values);
        return values;
    }
}
