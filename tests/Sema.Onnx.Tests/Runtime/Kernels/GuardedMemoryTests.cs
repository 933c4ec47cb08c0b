namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Guarded memory, which all tests of this project have kernels work in.</summary>
[TestClass]
public sealed unsafe class GuardedMemoryTests
{
    [AssemblyInitialize]
    public static void Guard(TestContext context) => GuardedMemory.IsOn = true;

    [TestMethod]
    [DataRow(-1)]
    [DataRow(5)]
    [DataRow(900)]
    public void A_write_beside_the_memory_is_found(int at)
    {
        var memory = new GuardedMemory(5 * sizeof(float));
        memory.CheckMarks("memory");
        ((float*)memory.Data)[at] = 0;
        Assert.ThrowsExactly<InvalidOperationException>(() => memory.CheckMarks("memory"));
    }

    [TestMethod]
    public void What_was_never_written_is_no_number_and_nor_is_what_lies_beside()
    {
        var memory = new GuardedMemory(5 * sizeof(float));
        for (var at = -16; at < 21; at++)
            Assert.IsTrue(float.IsNaN(((float*)memory.Data)[at]));
    }

    [TestMethod]
    public void A_number_that_was_computed_from_what_was_never_written_is_found()
    {
        var memory = new GuardedMemory(5 * sizeof(float));
        ((float*)memory.Data)[5] = ((float*)memory.Data)[4] + ((float*)memory.Data)[5];
        Assert.ThrowsExactly<InvalidOperationException>(() => memory.CheckMarks("memory"));
    }

    [TestMethod]
    public void A_write_to_scratch_memory_that_was_given_up_is_found()
    {
        Failure(() =>
        {
            var first = Scratch.Floats(ScratchUse.Rows, 5);
            Scratch.Floats(ScratchUse.Rows, 3);
            Scratch.Check();
            first[4] = 1;
        });
        Failure(() => Scratch.Floats(ScratchUse.Sums, 5)[5] = 0);
    }

    // On a thread of its own, which has blocks of its own.
    private static void Failure(Action write)
    {
        InvalidOperationException? failure = null;
        var thread = new Thread(() =>
        {
            write();
            failure = Assert.ThrowsExactly<InvalidOperationException>(Scratch.Check);
        });
        thread.Start();
        thread.Join();
        Assert.IsNotNull(failure);
    }

    [TestMethod]
    public void An_input_may_not_be_written_to()
    {
        float[] tensor = [1, 2, 3];
        fixed (float* data = tensor)
        {
            using var copies = new GuardedTensors();
            ((float*)copies.Input((nint)data, 12))[1] = 5;
            Assert.ThrowsExactly<InvalidOperationException>(copies.Finish);
        }
    }

    [TestMethod]
    public void An_output_may_be_written_over_an_input()
    {
        float[] tensor = [1, 2, 3];
        fixed (float* data = tensor)
        {
            using var copies = new GuardedTensors();
            var (input, output) = (copies.Input((nint)data, 12), copies.Output((nint)data, 12));
            Assert.AreEqual(input, output);
            ((float*)output)[1] = 5;
            copies.Finish();
        }

        CollectionAssert.AreEqual(new float[] { 1, 5, 3 }, tensor);
    }
}
