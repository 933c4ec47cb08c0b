using System.Security.Cryptography;
using System.Text;

namespace Sema.Onnx.Checkpoints;

[TestClass]
public sealed class CheckpointDamageTests
{
    private const string Name = "step-000000002";

    public static IEnumerable<object[]> Files => [["tensors.safetensors"], ["state.json"]];

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Any_changed_byte_is_refused(string file)
    {
        using var folder = new TempFolder();
        var store = Store(folder);
        var good = File.ReadAllBytes(folder[Name, file]);

        for (var i = 0; i < good.Length; i++)
        {
            // 0x03, 0x07 and 0x2A make other white space of a line feed, which JSON would not notice.
            foreach (var flip in new byte[] { 0x01, 0x03, 0x07, 0x20, 0x2A, 0xFF })
            {
                var bad = (byte[])good.Clone();
                bad[i] ^= flip;
                File.WriteAllBytes(folder[Name, file], bad);
                var e = Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest(), $"byte {i} of {file} ^ {flip}");
                Assert.AreEqual(folder[Name, file], e.Path);
            }
        }

        File.WriteAllBytes(folder[Name, file], good);
        Assert.AreEqual(20, Samples.LatestMark(store));
    }

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void A_file_cut_short_grown_or_missing_is_refused(string file)
    {
        using var folder = new TempFolder();
        var store = Store(folder);
        var good = File.ReadAllBytes(folder[Name, file]);

        for (var length = 0; length < good.Length; length++)
            Refused(good[..length]);
        Refused([.. good, (byte)' ']);
        File.Delete(folder[Name, file]);
        Assert.Contains("does not exist", Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest()).Message);

        void Refused(byte[] bytes)
        {
            File.WriteAllBytes(folder[Name, file], bytes);
            Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest(), $"{bytes.Length} bytes of {good.Length}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void The_file_of_another_checkpoint_is_refused(string file)
    {
        using var folder = new TempFolder();
        var store = Store(folder);

        File.Copy(folder["step-000000001", file], folder[Name, file], overwrite: true);

        Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest());
    }

    [TestMethod]
    public void A_folder_renamed_to_another_step_is_refused()
    {
        using var folder = new TempFolder();
        var store = Store(folder);

        Directory.Move(folder[Name], folder["step-000000007"]);

        Assert.Contains("belongs to step 2", Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest()).Message);
    }

    [TestMethod]
    public void A_damaged_checkpoint_is_refused_with_the_newest_complete_one_before_it()
    {
        using var folder = new TempFolder();
        var store = Store(folder);
        store.Save(Samples.Marked(3, 30));
        store.Save(Samples.Marked(4, 40));
        File.AppendAllText(folder["step-000000003", "tensors.safetensors"], "x");
        File.WriteAllText(folder["step-000000004", "state.json"], "{}");

        var e = Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest());

        Assert.AreEqual(Name, e.Fallback);
        Assert.Contains($"'{Name}'", e.Message);
        Assert.AreEqual(20, Samples.MarkOf(store, e.Fallback!));
    }

    [TestMethod]
    public void Where_no_complete_checkpoint_is_left_the_message_says_so()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path);
        store.Save(Samples.Marked(1, 10));
        File.Delete(folder["step-000000001", "state.json"]);

        var e = Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest());

        Assert.IsNull(e.Fallback);
        Assert.Contains("No older complete checkpoint is left", e.Message);
    }

    // Whole and sound by its digest, but not ours, or not yet.
    [TestMethod]
    [DataRow("\"version\": 1", "\"version\": 2", "it has version 2 of the format")]
    [DataRow("\"version\": 1", "\"version\": 0", "it has version 0 of the format")]
    [DataRow("\"version\": 1", "\"version\": \"1\"", "it holds no member version that is a number")]
    [DataRow("\"version\": 1", "\"version\": 1e400", "its version is not a whole number")]
    [DataRow("\"version\"", "\"edition\"", "it holds no member version that is a number")]
    [DataRow("sema-onnx-checkpoint", "another", "its format is 'another'")]
    [DataRow("\"sema-onnx-checkpoint\"", "null", "it holds no member format that is a string")]
    [DataRow("\"step\": 2", "\"step\": -2", "its step is not a whole number")]
    [DataRow("\"step\": 2", "\"step\": 2, \"step\": 2", "it is not strict JSON")]
    [DataRow("\"state\": {", "\"state\": [1], \"x\": {", "it holds no member state that is an object")]
    [DataRow("\"tensors\": {", "\"tensors\": null, \"x\": {", "it holds no member tensors that is an object")]
    [DataRow("\"length\": ", "\"length\": 1", "its length or SHA-256 is not what state.json says")]
    [DataRow("\"mark\"", "\"\\udc00\"", "it is not strict JSON")]
    public void A_sound_state_of_another_kind_or_version_is_refused(string from, string to, string reason)
    {
        using var folder = new TempFolder();
        var store = Store(folder);
        var text = File.ReadAllText(folder[Name, "state.json"]);
        Assert.Contains(from, text);
        var body = text[..^83].Replace(from, to, StringComparison.Ordinal);
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)));
        File.WriteAllText(folder[Name, "state.json"], body + ",\n  \"sha256\": \"" + digest + "\"\n}\n");

        Assert.Contains(reason, Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest()).Message);
    }

    [TestMethod]
    public void A_state_that_is_larger_than_allowed_is_not_read_into_memory()
    {
        using var folder = new TempFolder();
        var store = new CheckpointStore(folder.Path);
        store.Save(Samples.Marked(1, 10));
        using (var huge = File.OpenWrite(folder["step-000000001", "state.json"]))
            huge.SetLength(1L << 33);

        Assert.Contains("8589934592 bytes", Assert.ThrowsExactly<CheckpointException>(() => store.LoadLatest()).Message);
    }

    private static CheckpointStore Store(TempFolder folder)
    {
        var store = new CheckpointStore(folder.Path, keep: 4);
        store.Save(Samples.Marked(1, 10));
        store.Save(Samples.Marked(2, 20));
        return store;
    }
}
