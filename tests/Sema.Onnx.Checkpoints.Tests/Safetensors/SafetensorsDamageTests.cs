namespace Sema.Onnx.Checkpoints.Safetensors;

[TestClass]
public sealed class SafetensorsDamageTests
{
    private static readonly TensorEntry[] Tensors =
    [
        new("weight", TensorType.Float32, [2, 3], new byte[24]),
        new("größe", TensorType.Int8, [5], new byte[5]),
        new("none", TensorType.Int64, [0], default),
    ];

    [TestMethod]
    public void Any_changed_byte_is_refused_or_read_but_never_more_than_the_file()
    {
        using var folder = new TempFolder();
        SafetensorsFile.Write(folder["x"], Tensors, new Dictionary<string, string> { ["k"] = "v" });
        var good = File.ReadAllBytes(folder["x"]);
        var refused = 0;
        var changed = 0;

        for (var i = 0; i < good.Length; i++)
        {
            foreach (var value in Replacements(good[i]))
            {
                var bad = (byte[])good.Clone();
                bad[i] = value;
                changed++;
                if (!TryReadAll(folder.File("y", bad), out var total))
                    refused++;
                else
                    Assert.AreEqual(29, total, $"byte {i} set to {value}");
            }
        }

        // What stays readable: changed values (29 bytes), letters of names and of metadata, padding that is still white
        // space.
        Assert.IsGreaterThan(changed / 2, refused);
    }

    [TestMethod]
    public void A_file_cut_short_or_grown_at_any_length_is_refused()
    {
        using var folder = new TempFolder();
        SafetensorsFile.Write(folder["x"], Tensors);
        var good = File.ReadAllBytes(folder["x"]);

        for (var length = 0; length < good.Length; length++)
            Assert.IsFalse(TryReadAll(folder.File("y", good[..length]), out _), $"cut to {length} bytes");

        Assert.IsFalse(TryReadAll(folder.File("y", [.. good, 0]), out _));
        Assert.IsTrue(TryReadAll(folder.File("y", good), out _));
    }

    [TestMethod]
    [OSCondition(ConditionMode.Exclude, OperatingSystems.Windows)] // It does not let an open file shrink.
    public void A_file_that_shrinks_while_open_is_an_error_and_not_zeros()
    {
        using var folder = new TempFolder();
        SafetensorsFile.Write(folder["x"], Tensors);
        using var file = SafetensorsFile.Open(folder["x"]);

        using (var other = new FileStream(folder["x"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            other.SetLength(100);

        Assert.Contains("became shorter", Assert.ThrowsExactly<CheckpointException>(() => file.Read("größe")).Message);
    }

    private static IEnumerable<byte> Replacements(byte good) =>
        ((byte[])[0, 0xFF, .. "09\"{"u8, (byte)(good ^ 1), (byte)(good ^ 0x80), (byte)(good + 1)])
            .Where(value => value != good);

    private static bool TryReadAll(string path, out long total)
    {
        total = 0;
        try
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var tensor in file.Tensors)
                total += file.Read(tensor.Name).Length;
            return true;
        }
        catch (CheckpointException)
        {
            return false;
        }
    }
}
