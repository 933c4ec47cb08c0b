using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Cli;

/// <summary>Models, data and runs that cannot be used: one sentence, and nothing half-written.</summary>
[TestClass]
public sealed class BadInputTests
{
    private static readonly string[] Readers = ["inspect MODEL", "artifacts MODEL OUT", "train MODEL --data DATA --out OUT", "eval MODEL --data DATA", "verify MODEL REFERENCE", "gradcheck MODEL"];

    public static IEnumerable<object[]> ReadersOfModels => Readers.Select(r => new object[] { r });

    [TestMethod]
    [DynamicData(nameof(ReadersOfModels))]
    public void A_model_that_is_not_there_is_named(string line)
    {
        using var sample = new Sample();

        Run(line, sample, sample.In("nowhere.onnx")).IsFailure(ExitCode.BadInput, "There is no model", "nowhere.onnx");
        Assert.IsFalse(Directory.Exists(sample.In("out")));
    }

    [TestMethod]
    [DynamicData(nameof(ReadersOfModels))]
    public void A_folder_is_no_model(string line)
    {
        using var sample = new Sample();

        Run(line, sample, sample.Path).IsFailure(ExitCode.BadInput, "is a folder");
    }

    [TestMethod]
    [DynamicData(nameof(ReadersOfModels))]
    public void A_text_file_is_no_model(string line)
    {
        using var sample = new Sample();

        Run(line, sample, sample.Write("readme.onnx", "This is not an ONNX model.")).IsFailure(ExitCode.BadInput, "readme.onnx");
        Assert.IsFalse(Directory.Exists(sample.In("out")));
    }

    [TestMethod]
    [DynamicData(nameof(ReadersOfModels))]
    public void A_model_that_is_cut_off_is_refused(string line)
    {
        using var sample = new Sample();
        var bytes = File.ReadAllBytes(sample.Model);
        File.WriteAllBytes(sample.In("cut.onnx"), bytes[..(bytes.Length / 2)]);

        Run(line, sample, sample.In("cut.onnx")).IsFailure(ExitCode.BadInput, "cut.onnx");
        Assert.IsFalse(Directory.Exists(sample.In("out")));
    }

    [TestMethod]
    [DynamicData(nameof(ReadersOfModels))]
    public void A_cyclic_graph_is_refused(string line)
    {
        using var sample = new Sample();
        var model = Edited(sample, graph => graph.Node[0].Input[0] = graph.Node[^1].Output[0]);

        Run(line, sample, model).IsFailure(ExitCode.BadInput, "edited.onnx");
        Assert.IsFalse(Directory.Exists(sample.In("out")));
    }

    [TestMethod]
    [DynamicData(nameof(ReadersOfModels))]
    public void External_data_stay_in_the_models_folder(string line)
    {
        using var sample = new Sample();
        var model = Edited(sample, graph =>
        {
            graph.Initializer[0].ClearRawData();
            graph.Initializer[0].DataLocation = TensorProto.Types.DataLocation.External;
            graph.Initializer[0].ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "../secrets.bin" });
        });

        Run(line, sample, model).IsFailure(ExitCode.BadInput, "../secrets.bin");
        Assert.IsFalse(Directory.Exists(sample.In("out")));
    }

    [TestMethod]
    [DynamicData(nameof(ReadersOfModels))]
    public void A_shape_that_overflows_is_refused(string line)
    {
        using var sample = new Sample();
        var model = Edited(sample, graph => graph.Initializer[0].Dims.Add(long.MaxValue));

        Run(line, sample, model).IsFailure(ExitCode.BadInput, "edited.onnx");
        Assert.IsFalse(Directory.Exists(sample.In("out")));
    }

    [TestMethod]
    public void Data_that_are_not_there_are_named()
    {
        using var sample = new Sample();

        Cli.Run("train", sample.Model, "--data", "npz:" + sample.In("gone.npz"), "--out", sample.In("out")).IsFailure(ExitCode.BadInput, "gone.npz");
        Cli.Run("eval", sample.Model, "--data", "idx:" + sample.In("gone")).IsFailure(ExitCode.BadInput, "gone");
    }

    [TestMethod]
    public void Samples_of_another_shape_are_refused()
    {
        using var sample = new Sample();
        sample.WriteNpz("wide.npz", ("input", [2, 7], new float[14]), ("target", [2], new long[2]));

        Cli.Run("eval", sample.Model, "--data", "npz:" + sample.In("wide.npz")).IsFailure(ExitCode.BadInput, "[7]");
        Cli.Run("train", sample.Model, "--data", "npz:" + sample.In("wide.npz"), "--out", sample.In("out"), "--batch-size", "2").IsFailure(ExitCode.BadInput, "[7]");
        Assert.IsFalse(Directory.Exists(sample.In("out")));
    }

    [TestMethod]
    public void A_class_that_the_model_lacks_is_named()
    {
        using var sample = new Sample();
        sample.WriteNpz("labels.npz", ("input", [2, 6], new float[12]), ("target", [2], new long[] { 0, 3 }));

        Cli.Run("eval", sample.Model, "--data", "npz:" + sample.In("labels.npz")).IsFailure(ExitCode.BadInput, "class 3", "--classes");
    }

    [TestMethod]
    public void Fewer_samples_than_a_batch_are_refused()
    {
        using var sample = new Sample();

        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("out"), "--batch-size", "97").IsFailure(ExitCode.BadInput, "--batch-size");
        Assert.IsFalse(Directory.Exists(sample.In("out")));
    }

    [TestMethod]
    public void A_run_does_not_begin_in_a_folder_with_content()
    {
        using var sample = new Sample();

        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("data")).IsFailure(ExitCode.BadInput, "not empty");
        Cli.Run("artifacts", sample.Model, sample.In("data")).IsFailure(ExitCode.BadInput, "not empty");
        Assert.HasCount(2, Directory.GetFileSystemEntries(sample.In("data")));
    }

    [TestMethod]
    public void A_loss_that_is_no_number_ends_the_run_as_failed()
    {
        using var sample = new Sample();
        sample.WriteNpz("nan.npz", ("input", [2, 6], Enumerable.Repeat(float.NaN, 12).ToArray()), ("target", [2], new long[2]));

        Cli.Run("train", sample.Model, "--data", "npz:" + sample.In("nan.npz"), "--out", sample.In("out"), "--batch-size", "2", "--json")
            .IsFailure(ExitCode.Failed, "Step 1", "--lr");
    }

    [TestMethod]
    public void Weights_that_cannot_be_found_are_a_sentence()
    {
        using var sample = new Sample();

        Cli.Run("train", sample.Model, "--data", sample.Data, "--out", sample.In("out"), "--freeze", "*").IsFailure(ExitCode.BadInput, "No weight is left");
        Cli.Run("eval", sample.Model, "--data", sample.Data, "--output", "z").IsFailure(ExitCode.BadInput, "no output 'z'");
    }

    [TestMethod]
    public void A_folder_that_is_no_run_is_neither_resumed_nor_exported()
    {
        using var sample = new Sample();

        Cli.Run("train", "--resume", sample.In("data")).IsFailure(ExitCode.BadInput, "config.json");
        Cli.Run("train", "--resume", sample.In("nowhere")).IsFailure(ExitCode.BadInput, "There is no run");
        Cli.Run("export", sample.In("data"), sample.In("out.onnx")).IsFailure(ExitCode.BadInput, "no training run");
        Cli.Run("export", sample.In("nowhere"), sample.In("out.onnx")).IsFailure(ExitCode.BadInput, "There is no run");
        Assert.IsFalse(File.Exists(sample.In("out.onnx")));
    }

    private static Outcome Run(string line, Sample sample, string model) => Cli.Run([.. line.Split(' ').Select(word => word switch
    {
        "MODEL" => model,
        "DATA" => sample.Data,
        "OUT" => sample.In("out"),
        "REFERENCE" => Reference(sample),
        _ => word,
    })]);

    private static string Reference(Sample sample) => sample.WriteNpz(
        "reference.npz", ("input", [1, 2, 6], new float[12]), ("target", [1, 2], new long[2]), ("loss", [1], new float[1]), ("grad/fc2.bias", [3], new float[3]));

    private static string Edited(Sample sample, Action<GraphProto> edit)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(sample.Model));
        edit(model.Graph);
        File.WriteAllBytes(sample.In("edited.onnx"), model.ToByteArray());
        return sample.In("edited.onnx");
    }
}
