using System.Text;
using System.Text.Json.Nodes;

namespace Sema.Onnx.Checkpoints.Storage;

[TestClass]
public sealed class StateFileTests
{
    [TestMethod]
    public void A_state_has_the_bytes_that_the_format_says()
    {
        var state = new StateFile(123, 4096, new string('a', 64), new JsonObject { ["epoch"] = 3, ["é"] = "<+>" });

        // The digest at the end is what sha256sum prints for all that comes before it, the comma not included.
        const string Golden = """
            {
              "format": "sema-onnx-checkpoint",
              "version": 1,
              "step": 123,
              "tensors": {
                "length": 4096,
                "sha256": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              },
              "state": {
                "epoch": 3,
                "é": "<+>"
              },
              "sha256": "24f462984300b2c1f7379e91bfec76c9b65077c8b6a952991669787924c8baba"
            }

            """;
        Assert.AreEqual(Golden, Encoding.UTF8.GetString(state.ToBytes()));
    }

    [TestMethod]
    public void An_empty_state_is_written_and_read()
    {
        var read = StateFile.Parse(new StateFile(0, 16, new string('0', 64), []).ToBytes());

        Assert.AreEqual(0, read.Step);
        Assert.AreEqual(16, read.TensorsLength);
        Assert.IsEmpty(read.State);
    }

    [TestMethod]
    public void Keys_that_would_become_one_in_UTF8_are_refused()
    {
        var state = new StateFile(0, 16, new string('0', 64), new JsonObject { ["\ud800"] = 1, ["\ud801"] = 2 });

        Assert.ThrowsExactly<ArgumentException>(() => state.ToBytes());
    }

    [TestMethod]
    public void A_state_larger_than_100_MB_is_refused()
    {
        var state = new StateFile(0, 16, new string('0', 64), new JsonObject { ["text"] = new string('x', 100_000_000) });

        Assert.Contains("save large values as tensors", Assert.ThrowsExactly<ArgumentException>(() => state.ToBytes()).Message);
    }
}
