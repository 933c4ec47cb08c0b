using System.Runtime.InteropServices;
using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

[TestClass]
public sealed class LargeTensorTests
{
    private const int Kept = Tensor.KeptBytes / sizeof(float), Many = 300_000;   // 1.2 MB: more than one piece

    private readonly string _folder = Directory.CreateTempSubdirectory("sema").FullName;

    private string Data => Path.Combine(_folder, "w.bin");

    [TestCleanup]
    public void DeleteData() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Large_tensor_stays_in_its_file_and_a_small_one_is_kept()
    {
        var (large, small) = (External(Kept + 1), External(Kept));

        File.WriteAllBytes(Data, new byte[sizeof(float) * (Kept + 1)]);

        Assert.AreEqual(0, large.As<float>()[^1]);
        Assert.AreEqual(Kept - 1, small.As<float>()[^1]);
    }

    [TestMethod]
    public void Every_way_to_read_gives_the_same_elements()
    {
        var tensor = External(Many);
        var pieces = new List<int>();
        var bytes = new List<byte>();

        tensor.ReadPieces(piece =>
        {
            pieces.Add(piece.Length);
            bytes.AddRange(piece);
            return true;
        });

        Assert.AreEqual($"{1 << 20} {4 * Many - (1 << 20)}", string.Join(' ', pieces));
        CollectionAssert.AreEqual(tensor.Data.ToArray(), bytes);
        CollectionAssert.AreEqual(tensor.ToFloat64(), tensor.EnumerateFloat64().ToArray());
        var two = new float[2];
        tensor.Read(4 * 7, MemoryMarshal.AsBytes(two.AsSpan()));
        Assert.AreEqual("7 8", string.Join(' ', two));
    }

    [TestMethod]
    public void Who_stops_early_reads_one_piece()
    {
        var pieces = 0;

        External(Many).ReadPieces(_ => ++pieces > 9);

        Assert.AreEqual(1, pieces);
    }

    [TestMethod]
    public void File_that_was_cut_short_is_one_sentence()
    {
        var tensor = External(Many);
        using (var file = File.OpenWrite(Data))
            file.SetLength(4 * Many - 1);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => tensor.Data).Message, "became shorter", StringComparison.Ordinal);
        Assert.ThrowsExactly<InvalidModelException>(() => tensor.ReadPieces(_ => true));
    }

    [TestMethod]
    public void Tensors_are_compared_piece_by_piece()
    {
        var one = External(Many);
        var bytes = one.Data.ToArray();

        Assert.IsTrue(one.IsSame(new(ElementType.Float32, [Many], bytes)));
        Assert.IsTrue(new Tensor(ElementType.Float32, [Many], bytes).IsSame(one));
        Assert.IsTrue(one.IsSame(External(Many)));
        Assert.IsFalse(one.IsSame(new(ElementType.Int32, [Many], bytes)));
        Assert.IsFalse(one.IsSame(new(ElementType.Float32, [Many / 2, 2], bytes)));
        bytes[^1] ^= 1;
        Assert.IsFalse(one.IsSame(new(ElementType.Float32, [Many], bytes)));
    }

    [TestMethod]
    public void Tensor_above_2_GiB_is_refused_before_anything_is_allocated()
    {
        using (var file = File.Create(Data))
            file.SetLength(3L << 30);

        var error = Assert.ThrowsExactly<InvalidModelException>(() => TensorCodec.Read(Proto(3 << 28), new ExternalData(Path.Combine(_folder, "model.onnx"))));

        StringAssert.Contains(error.Message, "above 2 GiB are not read", StringComparison.Ordinal);
    }

    [TestMethod]
    [DataRow(1L, DisplayName = "as a skeleton")]
    [DataRow(long.MaxValue, DisplayName = "whole")]
    public void Large_tensors_in_the_model_file_are_read_from_it(long large)
    {
        var path = Save(Holding(Inline("w", Many), Inline("b", 3)));

        var graph = ModelReader.Read(path, large).Graph;

        Assert.AreEqual(large == 1, graph.Find("w")!.Initializer!.Stretch is not null);
        Assert.AreEqual(Many - 1, graph.Find("w")!.Initializer!.As<float>()[^1]);
        Assert.AreEqual("0 1 2", string.Join(' ', graph.Find("b")!.Initializer!.As<float>().ToArray()));
    }

    [TestMethod]
    public void Skeleton_of_a_linked_model_reads_the_file_behind_the_link()
    {
        var path = Save(Holding(Inline("w", Many)));
        Directory.CreateDirectory(Path.Combine(_folder, "links"));
        var link = Path.Combine(_folder, "links", "model.onnx");
        File.CreateSymbolicLink(link, path);

        Assert.AreEqual(Many - 1, ModelReader.Read(link, 1).Graph.Find("w")!.Initializer!.As<float>()[^1]);
    }

    [TestMethod]
    public void Skeleton_of_a_file_cut_short_is_refused()
    {
        var path = Save(Holding(Inline("w", Many)));
        using (var file = File.OpenWrite(path))
            file.SetLength(1000);

        StringAssert.Contains(Assert.ThrowsExactly<InvalidModelException>(() => ModelReader.Read(path, 1)).Message, "malformed", StringComparison.Ordinal);
    }

    [TestMethod]
    public void Written_beside_its_data_a_model_names_the_file_and_holds_none_of_it()
    {
        var graph = new Graph("large");
        graph.Outputs.Add(graph.AddInitializer("w", External(Many)).Identity());

        var (content, folder) = ModelWriter.WriteBesideData(new Model(graph));

        Assert.AreEqual(_folder, folder);
        Assert.IsLessThan(500, content.Length);
        var again = Path.Combine(_folder, "again.onnx");
        File.WriteAllBytes(again, content);
        Assert.AreEqual(Many - 1, ModelReader.Read(again).Graph.Find("w")!.Initializer!.As<float>()[^1]);
    }

    private static float[] Count(int count) => [.. Enumerable.Range(0, count).Select(i => (float)i)];

    private static TensorProto Proto(int count) => new()
    {
        Name = "w",
        DataType = (int)ElementType.Float32,
        Dims = { count },
        DataLocation = TensorProto.Types.DataLocation.External,
        ExternalData = { new StringStringEntryProto { Key = "location", Value = "w.bin" } },
    };

    private static TensorProto Inline(string name, int count) => new()
    {
        Name = name,
        DataType = (int)ElementType.Float32,
        Dims = { count },
        RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(Count(count).AsSpan())),
    };

    private static ModelProto Holding(params TensorProto[] tensors)
    {
        var proto = Protos.Model();
        proto.Graph.Initializer.AddRange(tensors);
        return proto;
    }

    private string Save(ModelProto proto)
    {
        var path = Path.Combine(_folder, "model.onnx");
        File.WriteAllBytes(path, proto.ToByteArray());
        return path;
    }

    // 0, 1, 2, ... in a data file.
    private Tensor External(int count)
    {
        File.WriteAllBytes(Data, MemoryMarshal.AsBytes(Count(count).AsSpan()));
        return TensorCodec.Read(Proto(count), new ExternalData(Path.Combine(_folder, "model.onnx")));
    }
}
