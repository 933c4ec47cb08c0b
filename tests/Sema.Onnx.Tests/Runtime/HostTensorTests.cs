using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

[TestClass]
public sealed class HostTensorTests
{
    [TestMethod]
    public void Elements_are_copied_in()
    {
        using var tensor = HostTensor.Of<long>([1, 2, 3, 4, 5, 6], 2, 3);
        Assert.AreEqual(ElementType.Int64, tensor.Type);
        CollectionAssert.AreEqual(new long[] { 2, 3 }, tensor.Shape.ToArray());
        CollectionAssert.AreEqual(new long[] { 1, 2, 3, 4, 5, 6 }, tensor.As<long>().ToArray());
        Assert.AreEqual(48, tensor.Bytes.Length);
    }

    [TestMethod]
    public void A_new_tensor_holds_zeros_even_in_memory_that_was_used()
    {
        for (var i = 0; i < 8; i++)
        {
            using var tensor = new HostTensor(ElementType.Float64, 100);
            Assert.IsFalse(tensor.As<double>().ContainsAnyExcept(0));
            tensor.Bytes.Fill(0xFF);
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(63)]
    [DataRow(4096)]
    [DataRow(1_000_003)]
    public void The_first_element_lies_at_a_multiple_of_256_bytes(int count)
    {
        using var tensor = new HostTensor(ElementType.UInt8, count);
        var address = Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref MemoryMarshal.GetReference(tensor.Bytes));
        Assert.AreEqual(0, address % 256);
    }

    [TestMethod]
    public void Elements_that_do_not_fill_the_shape_are_refused()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => HostTensor.Of<float>([1, 2, 3], 2, 2));
        Assert.StartsWith("3 elements do not fill the shape [2, 2].", error.Message);
    }

    [TestMethod]
    public void Elements_of_another_size_are_refused()
    {
        using var tensor = HostTensor.Scalar(true);
        var error = Assert.ThrowsExactly<ArgumentException>(() => tensor.As<int>().ToArray());
        Assert.AreEqual("Int32 has 4 bytes, but elements of type Bool have 1.", error.Message);
    }

    [TestMethod]
    public void Strings_have_no_buffer() => Assert.ThrowsExactly<ArgumentException>(() => new HostTensor(ElementType.String, 2));

    [TestMethod]
    public void A_tensor_past_2_GiB_is_refused_before_it_is_allocated()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => new HostTensor(ElementType.Float32, 1L << 31, 1L << 20));
        Assert.StartsWith("A Float32 tensor of shape [2147483648, 1048576] is larger than 2 GiB; use an arena.", error.Message);
    }

    [TestMethod]
    public void A_type_that_no_tensor_holds_is_refused_with_those_that_work()
    {
        var error = Assert.ThrowsExactly<ArgumentException>(() => HostTensor.Scalar(1m));
        Assert.StartsWith("A tensor cannot hold Decimal; use one of Single, Double,", error.Message);
    }

    [TestMethod]
    public void Memory_that_was_given_back_is_refused()
    {
        var tensor = HostTensor.Scalar(1f);
        tensor.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => tensor.Bytes.ToArray());
    }
}
