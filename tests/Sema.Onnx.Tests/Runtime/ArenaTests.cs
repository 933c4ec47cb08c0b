using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

/// <summary>Each copy is tried plainly and, as on a device that the host cannot address, through a session in parts of 12 bytes.</summary>
[TestClass]
public sealed class ArenaTests
{
    private static readonly DeviceTransfer Transfer = new(Device.Cpu, chunk: 12);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void A_new_arena_holds_zeros_even_in_memory_that_was_used(bool transfer)
    {
        for (var i = 0; i < 8; i++)
        {
            using var arena = Create(100, transfer);
            Assert.IsFalse(Read(arena).AsSpan().ContainsAnyExcept(0));
            arena.CopyFrom(TestModels.Random(i, 100));
        }
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Elements_are_copied_in_and_out_at_an_offset(bool transfer)
    {
        using var arena = Create(8, transfer);
        arena.CopyFrom([1f, 2, 3, 4, 5], offset: 2);
        CollectionAssert.AreEqual(new float[] { 0, 0, 1, 2, 3, 4, 5, 0 }, Read(arena));
        var part = new float[4];
        arena.CopyTo(part, offset: 4);
        CollectionAssert.AreEqual(new float[] { 3, 4, 5, 0 }, part);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void An_arena_is_copied_whole_from_another(bool transfer)
    {
        using var source = Create(1000, transfer);
        using var target = Create(1000, transfer);
        var elements = TestModels.Random(7, 1000);
        source.CopyFrom(elements);
        target.CopyFrom(source);
        source.Clear();
        CollectionAssert.AreEqual(elements, Read(target));
        Assert.IsFalse(Read(source).AsSpan().ContainsAnyExcept(0));
    }

    [TestMethod]
    public void Other_element_types_are_kept_as_they_are()
    {
        using var arena = new Arena(Device.Cpu, 3, ElementType.Float16);
        arena.CopyFrom([(Half)0.5f, (Half)(-2), Half.MaxValue]);
        var read = new Half[3];
        arena.CopyTo(read);
        CollectionAssert.AreEqual(new[] { (Half)0.5f, (Half)(-2), Half.MaxValue }, read);
    }

    [TestMethod]
    [DataRow(-1, 1)]
    [DataRow(0, 9)]
    [DataRow(8, 1)]
    [DataRow(9, 0)]
    public void What_does_not_lie_within_the_arena_is_refused(int offset, int count)
    {
        using var arena = new Arena(Device.Cpu, 8);
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => arena.Slice(offset, count));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => arena.CopyFrom(new float[count], offset));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => arena.CopyTo(new float[count], offset));
    }

    [TestMethod]
    public void Elements_of_another_size_are_refused()
    {
        using var arena = new Arena(Device.Cpu, 8);
        Assert.ThrowsExactly<ArgumentException>(() => arena.CopyFrom(new double[4]));
        Assert.ThrowsExactly<ArgumentException>(() => arena.CopyTo(new double[4]));
    }

    [TestMethod]
    public void An_arena_of_another_length_or_type_is_refused()
    {
        using var arena = new Arena(Device.Cpu, 8);
        using var longer = new Arena(Device.Cpu, 9);
        using var integers = new Arena(Device.Cpu, 8, ElementType.Int32);
        var error = Assert.ThrowsExactly<ArgumentException>(() => arena.CopyFrom(longer));
        Assert.StartsWith("An arena of 9 Float32 on cpu cannot fill one of 8 Float32 on cpu.", error.Message);
        Assert.ThrowsExactly<ArgumentException>(() => arena.CopyFrom(integers));
    }

    [TestMethod]
    public void Memory_that_no_machine_has_is_refused_in_a_sentence()
    {
        var error = Assert.ThrowsExactly<RuntimeException>(() => new Arena(Device.Cpu, 1L << 58));
        Assert.StartsWith("Allocating 1152921504606846976 bytes on 'cpu' failed (", error.Message);
    }

    [TestMethod]
    public void Nothing_is_read_or_bound_after_the_arena_was_disposed_of()
    {
        using var session = new Session(TestModels.Doubled);
        using var binding = new Binding(session);
        var arena = new Arena(Device.Cpu, 8);
        var slice = arena.Slice(0, 8);
        arena.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => Read(arena));
        Assert.ThrowsExactly<ObjectDisposedException>(arena.Clear);
        Assert.ThrowsExactly<ObjectDisposedException>(() => arena.Slice(0, 8));
        Assert.ThrowsExactly<ObjectDisposedException>(() => binding.BindInput("x", slice));
    }

    private static Arena Create(long length, bool transfer) => new(Device.Cpu, length, ElementType.Float32, transfer ? Transfer : null);

    private static float[] Read(Arena arena)
    {
        var elements = new float[arena.Length];
        arena.CopyTo(elements);
        return elements;
    }
}
