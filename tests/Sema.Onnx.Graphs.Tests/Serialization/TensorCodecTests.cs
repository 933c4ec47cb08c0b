using Google.Protobuf;
using Sema.Onnx.Graphs.Protobuf;

namespace Sema.Onnx.Graphs.Serialization;

[TestClass]
public sealed class TensorCodecTests
{
    // 1 and 2 in every type: how the typed field holds them, and their bytes.
    private static readonly Dictionary<ElementType, (Action<TensorProto> Fill, byte[] Bytes)> Encodings = new()
    {
        [ElementType.Float32] = (t => t.FloatData.AddRange([1, 2]), [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]),
        [ElementType.Float64] = (t => t.DoubleData.AddRange([1, 2]), [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40]),
        [ElementType.Float16] = (t => t.Int32Data.AddRange([0x3C00, 0x4000]), [0, 0x3C, 0, 0x40]),
        [ElementType.BFloat16] = (t => t.Int32Data.AddRange([0x3F80, 0x4000]), [0x80, 0x3F, 0, 0x40]),
        [ElementType.Int64] = (t => t.Int64Data.AddRange([1, 2]), [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
        [ElementType.UInt64] = (t => t.Uint64Data.AddRange([1, 2]), [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]),
        [ElementType.UInt32] = (t => t.Uint64Data.AddRange([1, 2]), [1, 0, 0, 0, 2, 0, 0, 0]),
        [ElementType.Int32] = (t => t.Int32Data.AddRange([1, 2]), [1, 0, 0, 0, 2, 0, 0, 0]),
        [ElementType.Int16] = (t => t.Int32Data.AddRange([1, -2]), [1, 0, 0xFE, 0xFF]),
        [ElementType.UInt16] = (t => t.Int32Data.AddRange([1, 2]), [1, 0, 2, 0]),
        [ElementType.Int8] = (t => t.Int32Data.AddRange([1, -2]), [1, 0xFE]),
        [ElementType.UInt8] = (t => t.Int32Data.AddRange([1, 2]), [1, 2]),
        [ElementType.Float8E4M3FN] = (t => t.Int32Data.AddRange([0x38, 0xC0]), [0x38, 0xC0]),
        [ElementType.Float8E4M3FNUZ] = (t => t.Int32Data.AddRange([0x40, 0xC8]), [0x40, 0xC8]),
        [ElementType.Float8E5M2] = (t => t.Int32Data.AddRange([0x3C, 0xC0]), [0x3C, 0xC0]),
        [ElementType.Float8E5M2FNUZ] = (t => t.Int32Data.AddRange([0x40, 0xC4]), [0x40, 0xC4]),
        [ElementType.UInt4] = (t => t.Int32Data.Add(0xF1), [0xF1]),
        [ElementType.Int4] = (t => t.Int32Data.Add(0xE1), [0xE1]),
        [ElementType.Bool] = (t => t.Int32Data.AddRange([1, 0]), [1, 0]),
        [ElementType.Complex64] = (t => t.FloatData.AddRange([1, 0, 2, 0]), [0, 0, 0x80, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0]),
        [ElementType.Complex128] = (t => t.DoubleData.AddRange([1, 0, 2, 0]),
            [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0]),
    };

    public static IEnumerable<object[]> Types => Enum.GetValues<ElementType>()
        .Where(t => t is not (ElementType.Undefined or ElementType.String)).Select(t => new object[] { t });

    [TestMethod]
    [DynamicData(nameof(Types))]
    public void Typed_fields_and_raw_bytes_read_alike(ElementType type)
    {
        var (fill, bytes) = Encodings[type];
        var typed = Proto(type, 2);
        fill(typed);
        var raw = Proto(type, 2);
        raw.RawData = ByteString.CopyFrom(bytes);

        foreach (var proto in new[] { typed, raw })
        {
            var tensor = Read(proto);

            Assert.AreEqual(type, tensor.Type);
            CollectionAssert.AreEqual(bytes, tensor.Data.ToArray());
            CollectionAssert.AreEqual(bytes, TensorCodec.Write(tensor, "t").RawData.ToByteArray());
        }
    }

    [TestMethod]
    [DynamicData(nameof(Types))]
    public void Data_of_another_length_is_refused(ElementType type)
    {
        var proto = Proto(type, 3);
        Encodings[type].Fill(proto);

        var e = Assert.ThrowsExactly<InvalidModelException>(() => Read(proto));

        Assert.AreEqual($"The tensor 't' of shape [3] needs {type.ByteLength(3)} bytes, but its file holds {type.ByteLength(2)}.", e.Message);
    }

    [TestMethod]
    public void Strings_are_kept()
    {
        var proto = Proto(ElementType.String, 2);
        proto.StringData.AddRange([ByteString.CopyFromUtf8("a"), ByteString.CopyFromUtf8("ä")]);

        var tensor = Read(proto);

        CollectionAssert.AreEqual(proto.StringData, TensorCodec.Write(tensor, "t").StringData);
        proto.StringData.RemoveAt(0);
        Assert.Contains("needs 2 strings, but its file holds 1", Assert.ThrowsExactly<InvalidModelException>(() => Read(proto)).Message);
    }

    [TestMethod]
    public void Scalar_and_empty_tensor_are_kept()
    {
        var scalar = new TensorProto { DataType = (int)ElementType.Float32, FloatData = { 5 } };
        var empty = Proto(ElementType.Float32, 0, 7);

        Assert.AreEqual(0, Read(scalar).Shape.Rank);
        Assert.AreEqual(0, Read(empty).Count);
    }

    [TestMethod]
    [DataRow(new long[] { -1, 2 }, "negative size -1")]
    [DataRow(new long[] { long.MinValue }, "negative size")]
    [DataRow(new[] { long.MaxValue, 2 }, "overflows")]
    [DataRow(new[] { 1L << 32, 1L << 32 }, "overflows")]
    [DataRow(new[] { 1L << 62 }, "overflows")]
    [DataRow(new[] { 1L << 40 }, "needs 4398046511104 bytes, but its file holds 0")]
    public void Impossible_sizes_are_refused_before_anything_is_allocated(long[] dims, string reason) =>
        Assert.Contains(reason, Assert.ThrowsExactly<InvalidModelException>(() => Read(Proto(ElementType.Float32, dims))).Message);

    [TestMethod]
    [DataRow(0)]
    [DataRow(23)]
    [DataRow(-3)]
    [DataRow(1000)]
    public void Unknown_element_type_is_refused(int code)
    {
        var e = Assert.ThrowsExactly<InvalidModelException>(() => Read(new TensorProto { Name = "t", DataType = code }));

        Assert.Contains($"The tensor 't' has elements of type code {code}, which is not read.", e.Message);
    }

    private static TensorProto Proto(ElementType type, params long[] dims) => new() { Name = "t", DataType = (int)type, Dims = { dims } };

    private static Tensor Read(TensorProto proto) => TensorCodec.Read(proto, new ExternalData(null));
}
