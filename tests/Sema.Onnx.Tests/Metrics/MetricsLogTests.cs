namespace Sema.Onnx.Metrics;

[TestClass]
public sealed class MetricsLogTests
{
    [TestMethod]
    public void An_entry_is_one_line_of_json_and_can_be_read_at_once()
    {
        using var folder = new TemporaryFolder();
        using var log = MetricsLog.Create(folder.File("metrics.jsonl"));
        log.Write(new(10, 1, "train", new Dictionary<string, double> { ["loss"] = 0.25, ["lr"] = 1e-5 }));
        log.Write(new(10, 1.5, "eval", new Dictionary<string, double> { ["accuracy"] = 0.1 }));

        Assert.AreEqual(
            """
            {"step":10,"epoch":1,"split":"train","loss":0.25,"lr":1E-05}
            {"step":10,"epoch":1.5,"split":"eval","accuracy":0.1}

            """.ReplaceLineEndings("\n"),
            ReadShared(folder.File("metrics.jsonl")));
    }

    [TestMethod]
    public void What_is_not_finite_is_null()
    {
        using var folder = new TemporaryFolder();
        var values = new Dictionary<string, double>
        {
            ["a"] = double.NaN,
            ["b"] = double.PositiveInfinity,
            ["c"] = double.NegativeInfinity,
        };
        using (var log = MetricsLog.Create(folder.File("m")))
            log.Write(new(1, 1, "t", values));

        Assert.AreEqual(
            """{"step":1,"epoch":1,"split":"t","a":null,"b":null,"c":null}""",
            File.ReadAllLines(folder.File("m")).Single());
    }

    [TestMethod]
    public void Names_are_escaped()
    {
        using var folder = new TemporaryFolder();
        using (var log = MetricsLog.Create(folder.File("m")))
            log.Write(new(1, 1, "a\"\nb", new Dictionary<string, double>()));

        Assert.AreEqual("""{"step":1,"epoch":1,"split":"a\u0022\nb"}""", File.ReadAllLines(folder.File("m")).Single());
    }

    [TestMethod]
    public void Resuming_keeps_the_lines_up_to_the_checkpoint_and_goes_on_after_them()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("metrics.jsonl");
        using (var log = MetricsLog.Create(path))
        {
            foreach (var step in (int[])[5, 10, 11, 15])
                log.Write(Entry(step));
        }
        using (var log = MetricsLog.Resume(path, step: 10))
            log.Write(Entry(12));

        CollectionAssert.AreEqual(
            (string[])
            [
                """{"step":5,"epoch":1,"split":"t"}""",
                """{"step":10,"epoch":1,"split":"t"}""",
                """{"step":12,"epoch":1,"split":"t"}""",
            ],
            File.ReadAllLines(path));
    }

    [TestMethod]
    [DataRow("""{"step":3,"epo""")]             // a half line
    [DataRow("""{"step":"3"}""")]
    [DataRow("""{"epoch":3}""")]
    [DataRow("""{"step":3.5}""")]
    [DataRow("3")]
    [DataRow("")]
    [DataRow("\0\0\0")]                          // what a file system may leave after a power cut
    public void Resuming_drops_what_is_no_entry(string damaged)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("m"), "{\"step\":1}\n" + damaged);
        using (var log = MetricsLog.Resume(folder.File("m"), step: 10))
            log.Write(Entry(11));

        CollectionAssert.AreEqual(
            (string[])["""{"step":1}""", """{"step":11,"epoch":1,"split":"t"}"""], File.ReadAllLines(folder.File("m")));
    }

    [TestMethod]
    public void A_whole_last_line_without_its_line_end_is_kept()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("m"), "{\"step\":1}");
        MetricsLog.Resume(folder.File("m"), step: 1).Dispose();

        Assert.AreEqual("{\"step\":1}\n", File.ReadAllText(folder.File("m")));
    }

    [TestMethod]
    public void Resuming_leaves_no_sibling_and_overwrites_that_of_a_killed_resume()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("m"), "{\"step\":1}\n");
        File.WriteAllText(folder.File("m.tmp"), new string('x', 100));
        MetricsLog.Resume(folder.File("m"), step: 1).Dispose();

        CollectionAssert.AreEqual((string[])[folder.File("m")], Directory.GetFiles(folder.Path));
        Assert.AreEqual("{\"step\":1}\n", File.ReadAllText(folder.File("m")));
    }

    [TestMethod]
    public void Resuming_a_run_without_a_log_starts_one()
    {
        using var folder = new TemporaryFolder();
        MetricsLog.Resume(folder.File("m"), step: 3).Dispose();

        Assert.AreEqual("", File.ReadAllText(folder.File("m")));
    }

    [TestMethod]
    public void A_new_log_never_overwrites_another()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("m"), "kept");

        Assert.ThrowsExactly<IOException>(() => MetricsLog.Create(folder.File("m")));
        Assert.AreEqual("kept", File.ReadAllText(folder.File("m")));
    }

    private static MetricsEntry Entry(long step) => new(step, 1, "t", new Dictionary<string, double>());

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd();
    }
}
