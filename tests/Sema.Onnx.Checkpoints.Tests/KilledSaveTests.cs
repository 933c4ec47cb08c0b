using Sema.Onnx.Checkpoints.Storage;

namespace Sema.Onnx.Checkpoints;

[TestClass]
public sealed class KilledSaveTests
{
    public static IEnumerable<object[]> Stages => Enum.GetValues<SaveStage>().Select(stage => new object[] { stage });

    // Nothing is deleted to make room for a named checkpoint.
    public static IEnumerable<object[]> StagesOfNamed => Stages.Where(row => (SaveStage)row[0] <= SaveStage.OldDeleted);

    // Before: steps 1 and 2, keep 2. The save of step 3 adds it and then deletes step 1.
    [TestMethod]
    [DynamicData(nameof(Stages))]
    public void Killed_while_saving_a_new_step_the_last_complete_one_remains(object stage)
    {
        using var folder = new TempFolder();
        var store = Interrupted(folder, (SaveStage)stage, saver => saver.Save(Samples.Marked(3, 30)));

        Assert.AreEqual((SaveStage)stage < SaveStage.InPlace ? 20 : 30, Samples.LatestMark(store));
        Assert.AreEqual(20, Samples.MarkOf(store, "step-000000002"));
        AssertNoLeftovers(folder["killed"]);
        AssertSavesOn(store);
    }

    [TestMethod]
    [DynamicData(nameof(Stages))]
    public void Killed_while_replacing_a_step_the_old_or_the_new_remains(object stage)
    {
        using var folder = new TempFolder();
        var store = Interrupted(folder, (SaveStage)stage, saver => saver.Save(Samples.Marked(2, 21)), surplus: true);

        Assert.AreEqual((SaveStage)stage < SaveStage.InPlace ? 20 : 21, Samples.LatestMark(store));
        Assert.AreEqual(10, Samples.MarkOf(store, "step-000000001"));
        AssertNoLeftovers(folder["killed"]);
        AssertSavesOn(store);
    }

    [TestMethod]
    [DynamicData(nameof(StagesOfNamed))]
    public void Killed_while_replacing_the_best_the_old_or_the_new_remains(object stage)
    {
        using var folder = new TempFolder();
        new CheckpointStore(folder["store"]).Save(Samples.Marked(1, 11), "best");
        var store = Interrupted(folder, (SaveStage)stage, saver => saver.Save(Samples.Marked(2, 22), "best"));

        Assert.AreEqual((SaveStage)stage < SaveStage.InPlace ? 11 : 22, Samples.MarkOf(store, "best"));
        Assert.AreEqual(20, Samples.LatestMark(store));
        AssertNoLeftovers(folder["killed"]);
    }

    [TestMethod]
    [DynamicData(nameof(Stages))]
    public void A_save_that_fails_cleans_up_at_once_and_says_what_failed(object stage)
    {
        using var folder = new TempFolder();
        var good = new CheckpointStore(folder.Path, keep: 2);
        good.Save(Samples.Marked(1, 10));
        good.Save(Samples.Marked(2, 20));
        var failing = new CheckpointStore(folder.Path, keep: 2)
        {
            Reached = reached => _ = reached == (SaveStage)stage ? throw new IOException("No space left on device.") : 0,
        };

        // Once the old one's deletion is the only thing left to fail, the save has done what was asked for.
        if ((SaveStage)stage > SaveStage.OldDeleted)
            failing.Save(Samples.Marked(3, 30));
        else
        {
            var e = Assert.ThrowsExactly<CheckpointException>(() => failing.Save(Samples.Marked(3, 30)));
            Assert.Contains("No space left on device", e.Message);
        }

        // The deletion of surplus gives way to the next save; all else is put in order now.
        if ((SaveStage)stage != SaveStage.SurplusMovedAside)
            AssertNoLeftovers(folder.Path);
        Assert.AreEqual((SaveStage)stage < SaveStage.InPlace ? 20 : 30, Samples.LatestMark(good));
    }

    [TestMethod]
    public void Killed_halfway_through_a_file_or_a_deletion_nothing_else_is_touched()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path);
        store.Save(Samples.Marked(1, 10));
        store.Save(Samples.Marked(2, 20));
        Directory.CreateDirectory(folder[".new-step-000000003"]);
        File.WriteAllBytes(folder[".new-step-000000003", "tensors.safetensors"], [1, 2, 3]);
        Directory.CreateDirectory(folder[".del-step-000000000"]);
        Directory.CreateDirectory(folder[".old-step-000000001"]);
        Directory.CreateDirectory(folder[".new-not ours"]);
        Directory.CreateDirectory(folder[".old-.."]);

        var reopened = new CheckpointStore(folder.Path);

        CollectionAssert.AreEquivalent(
            new[] { ".lock", ".new-not ours", ".old-..", "step-000000001", "step-000000002" },
            Directory.GetFileSystemEntries(folder.Path).Select(Path.GetFileName).ToArray());
        Assert.AreEqual(10, Samples.MarkOf(reopened, "step-000000001"));
        Assert.AreEqual(20, Samples.LatestMark(reopened));
    }

    [TestMethod]
    public void Opening_a_store_while_another_saves_leaves_the_save_alone()
    {
        using var folder = new TempFolder();
        var saver = new CheckpointStore(folder.Path) { Reached = _ => new CheckpointStore(folder.Path).Names() };

        saver.Save(Samples.Marked(1, 10));
        saver.Save(Samples.Marked(1, 11));

        Assert.AreEqual(11, Samples.LatestMark(saver));
    }

    /// <summary>Saves, and opens what a kill at the stage would have left: a copy of the folder taken at that
    /// instant.</summary>
    private static CheckpointStore Interrupted(
        TempFolder folder,
        SaveStage stage,
        Action<CheckpointStore> save,
        bool surplus = false)
    {
        var store = new CheckpointStore(folder["store"], keep: 3);
        if (surplus)
            store.Save(Samples.Marked(0, 0));
        store.Save(Samples.Marked(1, 10));
        store.Save(Samples.Marked(2, 20));
        save(new CheckpointStore(folder["store"], keep: 2)
        {
            Reached = reached =>
            {
                if (reached == stage)
                    TempFolder.Copy(folder["store"], folder["killed"]);
            },
        });
        Assert.IsTrue(Directory.Exists(folder["killed"]), $"{stage} was never reached.");
        return new CheckpointStore(folder["killed"], keep: 2);
    }

    private static void AssertSavesOn(CheckpointStore store)
    {
        store.Save(Samples.Marked(4, 40));
        Assert.AreEqual(40, Samples.LatestMark(store));
        Assert.HasCount(2, store.Names());
        AssertNoLeftovers(store.Folder);
    }

    private static void AssertNoLeftovers(string folder) =>
        Assert.IsEmpty(new DirectoryInfo(folder).GetDirectories(".*").Select(left => left.Name).ToArray());
}
