using System.Text.Json.Nodes;

namespace Sema.Onnx.Checkpoints;

[TestClass]
public sealed class CheckpointStoreTests
{
    [TestMethod]
    public void What_was_saved_comes_back_bit_for_bit()
    {
        using var folder = new TempFolder();
        var state = new JsonObject
        {
            ["epoch"] = 3,
            ["loss"] = 0.1 + 0.2,
            ["seed"] = ulong.MaxValue,
            ["text"] = "größe 🦉 </script> \u2028",
            ["list"] = new JsonArray(1, null, true, new JsonObject()),
        };
        float[] w = [1f, float.NaN, -0f, float.Epsilon, float.NegativeInfinity, 3.4e38f];
        var bytes = w.SelectMany(BitConverter.GetBytes).ToArray();

        var name = new CheckpointStore(folder.Path).Save(new Checkpoint(123, state, [
            new TensorEntry("w", TensorType.Float32, [2, 3], bytes),
            new TensorEntry("../../w", TensorType.Int64, [], BitConverter.GetBytes(-5L))]));

        using var loaded = new CheckpointStore(folder.Path).LoadLatest();
        Assert.AreEqual("step-000000123", name);
        Assert.AreEqual(name, loaded.Name);
        Assert.AreEqual(123, loaded.Step);
        Assert.IsTrue(JsonNode.DeepEquals(state, loaded.State), loaded.State.ToJsonString());
        Assert.AreEqual(0.1 + 0.2, (double)loaded.State["loss"]!);
        Assert.AreEqual(ulong.MaxValue, (ulong)loaded.State["seed"]!);
        CollectionAssert.AreEqual(bytes, loaded.Tensors.Read("w"));
        Assert.AreEqual(-5L, BitConverter.ToInt64(loaded.Tensors.Read("../../w")));
    }

    [TestMethod]
    public void The_same_content_gives_the_same_bytes()
    {
        using var a = new TempFolder();
        using var b = new TempFolder();
        TensorEntry[] tensors =
        [
            new("x", TensorType.Int8, [1], new byte[] { 1 }),
            new("y", TensorType.Int32, [1], new byte[] { 2, 0, 0, 0 }),
        ];

        new CheckpointStore(a.Path).Save(new Checkpoint(1, new JsonObject { ["k"] = 1 }, tensors));
        new CheckpointStore(b.Path).Save(new Checkpoint(1, new JsonObject { ["k"] = 1 }, [.. tensors.Reverse()]));

        foreach (var file in new[] { "tensors.safetensors", "state.json" })
        {
            var expected = File.ReadAllBytes(a["step-000000001", file]);
            CollectionAssert.AreEqual(expected, File.ReadAllBytes(b["step-000000001", file]), file);
        }
    }

    [TestMethod]
    public void The_newest_are_kept_and_older_ones_deleted()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path, keep: 2);

        foreach (var step in new byte[] { 10, 20, 30, 40 })
            store.Save(Samples.Marked(step, step));

        CollectionAssert.AreEqual(new[] { "step-000000030", "step-000000040" }, store.Names().ToArray());
        Assert.AreEqual(40, Samples.LatestMark(store));
        Assert.AreEqual(30, Samples.MarkOf(store, "step-000000030"));
        CollectionAssert.AreEquivalent(new[] { ".lock", "step-000000030", "step-000000040" }, Entries(folder));
    }

    [TestMethod]
    public void Newest_is_by_number_and_not_by_text()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path);

        store.Save(Samples.Marked(10_000_000_000, 2));
        store.Save(Samples.Marked(9_999_999_999, 1));
        store.Save(Samples.Marked(999_999_999, 0));

        Assert.AreEqual(2, Samples.LatestMark(store));
        CollectionAssert.AreEqual(new[] { "step-999999999", "step-9999999999", "step-10000000000" }, store.Names().ToArray());
    }

    [TestMethod]
    public void Saving_a_step_again_replaces_it_and_only_it()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path);
        store.Save(Samples.Marked(1, 10));
        store.Save(Samples.Marked(2, 20));

        store.Save(Samples.Marked(2, 21));

        Assert.AreEqual(21, Samples.LatestMark(store));
        Assert.AreEqual(10, Samples.MarkOf(store, "step-000000001"));
        CollectionAssert.AreEquivalent(new[] { ".lock", "step-000000001", "step-000000002" }, Entries(folder));
    }

    [TestMethod]
    public void A_named_checkpoint_stays_and_is_not_the_latest()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path, keep: 1);

        store.Save(Samples.Marked(5, 50), "best");
        store.Save(Samples.Marked(1, 10));
        store.Save(Samples.Marked(2, 20));
        store.Save(Samples.Marked(6, 60), "best");
        store.Save(Samples.Marked(3, 30));

        CollectionAssert.AreEqual(new[] { "step-000000003", "best" }, store.Names().ToArray());
        Assert.AreEqual(30, Samples.LatestMark(store));
        Assert.AreEqual(60, Samples.MarkOf(store, "best"));
        using var best = store.Load("best");
        Assert.AreEqual(6, best.Step);
    }

    [TestMethod]
    [DataRow("")]
    [DataRow(".")]
    [DataRow("..")]
    [DataRow("../best")]
    [DataRow("a/b")]
    [DataRow("a\\b")]
    [DataRow("/tmp/best")]
    [DataRow("Best")]
    [DataRow("best ")]
    [DataRow("-best")]
    [DataRow("bést")]
    [DataRow("step-1")]
    [DataRow("step-000000001")]
    [DataRow("a23456789a23456789a23456789a23456789a23456789a23456789a23456789abcde")]
    public void A_name_that_could_be_a_path_or_a_step_is_refused(string name)
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder["inner"]);

        Assert.ThrowsExactly<ArgumentException>(() => store.Save(Samples.Marked(1, 1), name));
        Assert.ThrowsExactly<CheckpointException>(() => store.Load(name));
        Assert.IsEmpty(Entries(folder));
    }

    [TestMethod]
    public void A_run_that_goes_back_keeps_later_steps_until_it_discards_them()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path, keep: 2);
        foreach (var step in new byte[] { 10, 20, 30 })
            store.Save(Samples.Marked(step, step));
        store.Save(Samples.Marked(30, 30), "best");

        store.Save(Samples.Marked(15, 15));
        CollectionAssert.AreEqual(
            new[] { "step-000000015", "step-000000020", "step-000000030", "best" },
            store.Names().ToArray());

        store.DiscardAfter(15);
        CollectionAssert.AreEqual(new[] { "step-000000015", "best" }, store.Names().ToArray());
        Assert.AreEqual(15, Samples.LatestMark(store));
    }

    [TestMethod]
    public void An_empty_store_says_so_and_is_not_created_by_reading()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder["run", "checkpoints"]);

        Assert.IsEmpty(store.Names());
        var e = Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest());
        Assert.Contains("no checkpoint of a step", e.Message);
        Assert.IsNull(e.Fallback);
        Assert.IsEmpty(Entries(folder));
    }

    [TestMethod]
    public void A_name_that_is_not_there_is_refused_with_those_that_are()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path);
        store.Save(Samples.Marked(1, 1));
        store.Save(Samples.Marked(1, 1), "best");

        var e = Assert.ThrowsExactly<CheckpointException>(() => store.Load("last"));

        Assert.Contains("'last'", e.Message);
        Assert.Contains("step-000000001, best", e.Message);
    }

    [TestMethod]
    public void Wrong_arguments_are_refused_before_anything_is_written()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder["store"]);
        var w = new TensorEntry("w", TensorType.UInt8, [1], new byte[1]);

        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new CheckpointStore(folder["store"], keep: 0));
        Assert.ThrowsExactly<ArgumentException>(() => store.Save(Samples.Marked(-1, 1)));
        Assert.ThrowsExactly<ArgumentException>(() => store.Save(new Checkpoint(1, [], [w, w])));
        var nan = new JsonObject { ["loss"] = double.NaN };
        Assert.ThrowsExactly<ArgumentException>(() => store.Save(new Checkpoint(1, nan, [w])));
        Assert.IsEmpty(Entries(folder));
    }

    [TestMethod]
    public void A_state_60_levels_deep_comes_back_and_one_of_100_is_refused()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path);

        store.Save(new Checkpoint(1, Nested(60), []));

        using var loaded = store.LoadLatest();
        Assert.IsTrue(JsonNode.DeepEquals(Nested(60), loaded.State));
        Assert.ThrowsExactly<ArgumentException>(() => store.Save(new Checkpoint(2, Nested(100), [])));
    }

    [TestMethod]
    public void Two_savers_at_once_are_refused_but_readers_are_not_disturbed()
    {
        using var folder = new TempFolder();
        new CheckpointStore(folder.Path).Save(Samples.Marked(1, 1));
        var tried = 0;
        var saver = new CheckpointStore(folder.Path)
        {
            Reached = _ =>
            {
                var other = new CheckpointStore(folder.Path);
                var e = Assert.ThrowsExactly<CheckpointException>(() => other.Save(Samples.Marked(9, 9)));
                Assert.Contains("could not be locked", e.Message);
                using var latest = other.LoadLatest();
                tried++;
            },
        };

        saver.Save(Samples.Marked(2, 2));

        Assert.IsGreaterThan(4, tried);
        Assert.AreEqual(2, Samples.LatestMark(saver));
    }

    private static JsonObject Nested(int levels) => levels == 1 ? [] : new JsonObject { ["a"] = Nested(levels - 1) };

    private static string[] Entries(TempFolder folder) =>
        [.. Directory.GetFileSystemEntries(folder.Path).Select(entry => Path.GetFileName(entry))];
}
