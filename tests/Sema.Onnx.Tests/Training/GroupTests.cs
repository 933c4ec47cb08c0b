using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Optimizers;
using Sema.Onnx.Schedules;

namespace Sema.Onnx.Training;

[TestClass]
public sealed class GroupTests
{
    private const double Rate = 0.05, Momentum = 0.9, Decay = 0.1;

    private static readonly Samples Points = TinyModels.Points(24);

    private static TrainerOptions Options => new()
    {
        BatchSize = 4,
        Steps = 60,
        Epochs = 99,
        Threads = 1,
        Optimizer = new Sgd { Momentum = Momentum, WeightDecay = Decay },
        Schedule = _ => new ConstantSchedule(Rate),
    };

    // v ← m v + g + λ w, w ← w − η s v, with λ and s of the weight's own group
    [TestMethod]
    [DataRow("groups", null, 0.5, 0.02, 1, 0.1, 3, 0.1, 3, 0.1, DisplayName = "groups")]
    [DataRow("groups", 0.5, 0.25, 0.02, 0.5, 0.1, 3, 0.1, 3, 0.1, DisplayName = "groups and layers")]
    [DataRow("none", 0.3, 0.3, 0.1, 0.3, 0.1, 1, 0.1, 1, 0.1, DisplayName = "layers")]
    [DataRow("vectors", null, 1, 0.1, 1, 0, 1, 0.1, 1, 0, DisplayName = "vectors without decay")]
    [DataRow("still", null, 0, 0.1, 0, 0.1, 1, 0.1, 1, 0.1, DisplayName = "a group that stands still")]
    public void Each_weight_moves_by_its_groups_rate_and_decay(
        string groups, double? layerDecay, double w1, double w1Decay, double b1, double b1Decay, double w2, double w2Decay, double b2, double b2Decay)
    {
        using var run = new TrainingRun(TinyModels.Mlp(), new(Points, null), Options with
        {
            DecayVectors = groups != "vectors",
            LayerDecay = layerDecay is { } d ? new(d) : null,
            Groups = groups switch
            {
                // w2 fits the last two; the first of them wins.
                "groups" => [new("w1") { RateScale = 0.5, WeightDecay = 0.02 }, new("?2") { RateScale = 3 }, new("*") { RateScale = 1 }],
                "still" => [new("?1") { RateScale = 0 }],
                _ => [],
            },
        });
        run.Start();

        var reference = new MlpReference();
        var w = reference.Weights;
        var own = new Dictionary<string, (double Scale, double Decay)> { ["w1"] = (w1, w1Decay), ["b1"] = (b1, b1Decay), ["w2"] = (w2, w2Decay), ["b2"] = (b2, b2Decay) };
        var velocity = w.ToDictionary(p => p.Key, p => new double[p.Value.Length]);
        foreach (var batch in MlpReference.Batches(24, 4).Take(60))
        {
            var g = MlpReference.At(w, Points, batch).Gradients;
            foreach (var k in w.Keys.ToList())
            {
                velocity[k] = [.. velocity[k].Select((v, i) => Momentum * v + g[k][i] + own[k].Decay * w[k][i])];
                w[k] = [.. w[k].Zip(velocity[k], (x, v) => x - Rate * own[k].Scale * v)];
            }
        }

        reference.AssertEqual(run, 1e-5);
    }

    [TestMethod]
    public void A_group_of_all_weights_is_another_learning_rate()
    {
        using var halved = new TrainingRun(TinyModels.Mlp(), new(Points, null), Options with { Optimizer = new AdamW { WeightDecay = 0.1 }, Groups = [new("*") { RateScale = 0.5 }] });
        using var plain = new TrainingRun(TinyModels.Mlp(), new(Points, null), Options with { Optimizer = new AdamW { WeightDecay = 0.1 }, Schedule = _ => new ConstantSchedule(Rate / 2) });
        halved.Start();
        plain.Start();
        foreach (var (name, bytes) in plain.Tensors())
            CollectionAssert.AreEqual(bytes, halved.Tensors()[name], name);
    }

    [TestMethod]
    public void The_manifest_names_the_groups()
    {
        using var run = new TrainingRun(TinyModels.Mlp(), new(Points, null), Options with
        {
            Steps = 1,
            Freeze = ["b1"],
            DecayVectors = false,
            LayerDecay = new(0.5),
            Groups = [new("w1") { WeightDecay = 0 }],
        });
        run.Start();
        var manifest = Manifest.Read(run.Folder.Artifacts);
        Assert.AreEqual("layer 1 'w1': w1 x 0.5, decay 0; layer 2: w2 x 1, decay ; layer 2 no_decay: b2 x 1, decay 0", string.Join("; ", manifest.Layout.Groups.Select(g =>
            FormattableString.Invariant($"{g.Name}: {string.Join(' ', manifest.Layout.Parameters.Where(p => p.Group == g.Name).Select(p => p.Name))} x {g.RateScale}, decay {g.WeightDecay}"))));
    }

    [TestMethod]
    public void What_fits_nothing_is_refused_in_one_sentence()
    {
        Refused("No trained weight has a name that fits the group 'head.*'", Options with { Groups = [new("head.*")] });
        Refused("No trained weight has a name that fits the group 'b1'", Options with { Freeze = ["b1"], Groups = [new("b1")] });
        Refused("Every trained weight that fits the group 'w1' belongs to a group before it", Options with { Groups = [new("w*"), new("w1")] });
        Refused("The layer pattern 'block(\\d)' finds no number", Options with { LayerDecay = new(0.5, "block(\\d)") });

        static void Refused(string says, TrainerOptions options)
        {
            using var run = new TrainingRun(TinyModels.Mlp(), new(Points, null), options);
            StringAssert.StartsWith(Assert.ThrowsExactly<InvalidModelException>(() => run.Start()).Message, says, StringComparison.Ordinal);
            Assert.IsFalse(Directory.Exists(run.Folder.Path));
        }
    }

    [TestMethod]
    public void Numbers_and_patterns_out_of_range_are_refused()
    {
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => (Options with { Groups = [new("a") { RateScale = -1 }] }).Validate());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => (Options with { Groups = [new("a") { WeightDecay = double.NaN }] }).Validate());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => (Options with { LayerDecay = new(0) }).Validate());
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => (Options with { LayerDecay = new(1.5) }).Validate());
        foreach (var pattern in new[] { "layer(", "layer", "(a)(b)", "(a)\\1" })
            Assert.ThrowsExactly<ArgumentException>(() => (Options with { LayerDecay = new(0.5, pattern) }).Validate(), pattern);
    }
}
