using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

[TestClass]
public sealed class ValueConversionTests
{
    private static readonly ElementType[] Numbers =
    [
        ElementType.Float16, ElementType.Float32, ElementType.Float64, ElementType.UInt8, ElementType.Int8, ElementType.Int16,
        ElementType.Int32, ElementType.Int64,
    ];

    [TestMethod]
    public void Small_numbers_survive_every_pair_of_types()
    {
        foreach (var from in Numbers)
        {
            foreach (var to in Numbers)
            {
                var values = Convert(ElementType.UInt8, from, [0, 1, 100]);

                Convert(to, ElementType.UInt8, Convert(from, to, values)).ShouldHold<byte>(0, 1, 100);
            }
        }
    }

    [TestMethod]
    public void Bytes_become_floats() =>
        Convert(ElementType.UInt8, ElementType.Float32, [0, 200]).As<float>().ShouldHold(0, 200);

    [TestMethod]
    public void Halves_become_floats() =>
        Convert(ElementType.Float16, ElementType.Float32,
            SampleBytes.Bytes((Half)1.5f, (Half)(-2))).As<float>().ShouldHold(1.5f, -2);

    [TestMethod]
    public void Booleans_become_0_and_1() =>
        Convert(ElementType.Bool, ElementType.Int64, [0, 1]).As<long>().ShouldHold(0, 1);

    [TestMethod]
    public void A_fraction_is_no_integer() =>
        Refused(ElementType.Float32, ElementType.Int64, SampleBytes.Bytes(1f, 2.5f),
        "the value 2.5 at element 1 cannot be held by the model's Int64; save data that it can hold.");

    [TestMethod]
    public void An_integer_out_of_range_is_refused() =>
        Refused(ElementType.Int64, ElementType.UInt8, SampleBytes.Bytes(256L), "the value 256 at element 0");

    [TestMethod]
    public void A_negative_number_is_no_byte() =>
        Refused(ElementType.Int32, ElementType.UInt8, SampleBytes.Bytes(-1), "the value -1");

    [TestMethod]
    public void Not_a_number_is_no_integer() =>
        Refused(ElementType.Float64, ElementType.Int32, SampleBytes.Bytes(double.NaN), "the value NaN");

    [TestMethod]
    public void A_number_too_large_for_a_half_is_refused() =>
        Refused(ElementType.Float32, ElementType.Float16, SampleBytes.Bytes(70000f), "the value 70000");

    [TestMethod]
    public void Infinity_stays_infinite() =>
        Convert(ElementType.Float32, ElementType.Float64,
            SampleBytes.Bytes(float.PositiveInfinity)).As<double>().ShouldHold(double.PositiveInfinity);

    [TestMethod]
    public void Numbers_do_not_become_booleans() =>
        Refused(ElementType.UInt8, ElementType.Bool, [1], "The model takes bool");

    private static void Refused(ElementType from, ElementType to, byte[] values, string message) =>
        Assert.Contains(message, Assert.ThrowsExactly<DataException>(() => Convert(from, to, values)).Message);

    private static byte[] Convert(ElementType from, ElementType to, byte[] values)
    {
        var result = new byte[values.Length / from.Size() * to.Size()];
        ValueConversion.Between(from, to)(values, result);
        return result;
    }
}
