using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>A tensor that a kernel reads or writes.</summary>
/// <param name="Data">Its first element.</param>
/// <param name="Sizes">Its sizes.</param>
internal readonly unsafe record struct KernelTensor(nint Data, int[] Sizes)
{
    /// <summary>Gets the first element, of a float32 tensor.</summary>
    internal float* Floats => (float*)Data;

    /// <summary>Gets the first element, of an int64 tensor.</summary>
    internal long* Longs => (long*)Data;

    /// <summary>Gets the number of elements.</summary>
    internal long Count => Product(0, Sizes.Length);

    /// <summary>Multiplies the sizes from an axis up to another.</summary>
    internal long Product(int from, int to)
    {
        long product = 1;
        for (var axis = from; axis < to; axis++)
            product *= Sizes[axis];
        return product;
    }
}

/// <summary>One run of a kernel: its inputs and outputs, and ONNX Runtime's threads.</summary>
/// <param name="context">The OrtKernelContext.</param>
/// <param name="guards">Takes the tensors' places in tests.</param>
internal readonly unsafe struct KernelContext(nint context, GuardedTensors? guards = null)
{
    private const int MostAxes = 32;

    private const int TensorData = 51;
    private const int TensorElementType = 60;
    private const int DimensionsCount = 61;
    private const int Dimensions = 62;
    private const int TensorTypeAndShape = 65;
    private const int InputCount = 88;
    private const int GetInput = 90;
    private const int GetOutput = 91;
    private const int ReleaseTypeAndShape = 99;
    private const int ParallelFor = 274;

    /// <summary>Gets an input.</summary>
    internal KernelTensor Input(int index) =>
        Optional(index) is { Sizes: not null } tensor ? tensor : throw new InvalidOperationException($"Input {index} is left out, and the operator needs it.");

    /// <summary>Gets an input that the node may leave out: its data is then null.</summary>
    internal KernelTensor Optional(int index)
    {
        nuint count;
        NativeApi.Check(((delegate* unmanaged<nint, nuint*, nint>)NativeApi.Table[InputCount])(context, &count));
        var value = (nuint)index < count ? Value(index) : 0;
        if (value == 0)
            return default;
        var tensor = Describe(value);
        return guards == null ? tensor : tensor with { Data = guards.Input(tensor.Data, Bytes(value, tensor)) };
    }

    /// <summary>Gets this run with guarded copies of its tensors.</summary>
    internal KernelContext With(GuardedTensors copies)
    {
        var guarded = new KernelContext(context, copies);
        nuint count;
        NativeApi.Check(((delegate* unmanaged<nint, nuint*, nint>)NativeApi.Table[InputCount])(context, &count));
        for (var index = 0; index < (int)count; index++)
            guarded.Optional(index);
        return guarded;
    }

    private static long Bytes(nint value, KernelTensor tensor)
    {
        nint info;
        int type;
        NativeApi.Check(((delegate* unmanaged<nint, nint*, nint>)NativeApi.Table[TensorTypeAndShape])(value, &info));
        NativeApi.Check(((delegate* unmanaged<nint, int*, nint>)NativeApi.Table[TensorElementType])(info, &type));
        ((delegate* unmanaged<nint, void>)NativeApi.Table[ReleaseTypeAndShape])(info);
        return tensor.Count * ((ElementType)type).Size();
    }

    private nint Value(int index)
    {
        nint value;
        NativeApi.Check(((delegate* unmanaged<nint, nuint, nint*, nint>)NativeApi.Table[GetInput])(context, (nuint)index, &value));
        return value;
    }

    private static KernelTensor Describe(nint value)
    {
        nint info;
        nuint rank;
        NativeApi.Check(((delegate* unmanaged<nint, nint*, nint>)NativeApi.Table[TensorTypeAndShape])(value, &info));
        NativeApi.Check(((delegate* unmanaged<nint, nuint*, nint>)NativeApi.Table[DimensionsCount])(info, &rank));
        var sizes = stackalloc long[MostAxes];
        if (rank <= MostAxes)
            NativeApi.Check(((delegate* unmanaged<nint, long*, nuint, nint>)NativeApi.Table[Dimensions])(info, sizes, rank));
        ((delegate* unmanaged<nint, void>)NativeApi.Table[ReleaseTypeAndShape])(info);
        Kernel.Require(rank <= MostAxes, $"A tensor has {rank} axes; kernels take {MostAxes} at most.");
        var shape = new int[rank];
        for (var axis = 0; axis < shape.Length; axis++)
            shape[axis] = checked((int)sizes[axis]);
        return new(Data(value), shape);
    }

    /// <summary>Gets an output, of sizes that the kernel says; one that the node leaves out, which the first may not be, has no data.</summary>
    internal KernelTensor Output(int index, params int[] sizes)
    {
        nint value;
        var dimensions = stackalloc long[sizes.Length];
        for (var axis = 0; axis < sizes.Length; axis++)
            dimensions[axis] = sizes[axis];
        NativeApi.Check(((delegate* unmanaged<nint, nuint, long*, nuint, nint*, nint>)NativeApi.Table[GetOutput])(
            context, (nuint)index, dimensions, (nuint)sizes.Length, &value));
        Kernel.Require(value != 0 || index > 0, "The first output is left out, and the operator needs it.");
        var tensor = new KernelTensor(value == 0 ? 0 : Data(value), sizes);
        return guards == null || value == 0 ? tensor : tensor with { Data = guards.Output(tensor.Data, Bytes(value, tensor)) };
    }

    /// <summary>Runs a piece of work a number of times, on ONNX Runtime's threads side by side.</summary>
    /// <param name="count">How many pieces there are.</param>
    /// <param name="body">Does the piece of a number.</param>
    internal void Parallel(int count, Action<int> body)
    {
        if (count <= 0)
            return;
        if (count == 1)
        {
            body(0);
            return;
        }

        var work = new Work(body);
        var handle = GCHandle.Alloc(work);
        try
        {
            NativeApi.Check(((delegate* unmanaged<nint, delegate* unmanaged<nint, nuint, void>, nuint, nuint, nint, nint>)NativeApi.Table[ParallelFor])(
                context, &Piece, (nuint)count, 0, GCHandle.ToIntPtr(handle)));
        }
        finally
        {
            handle.Free();
        }

        work.Failure?.Throw();
    }

    /// <summary>Cuts a range into even parts, at least of a size, for the threads that there may be.</summary>
    /// <param name="count">The elements of the range.</param>
    /// <param name="least">How many elements are worth a thread's while.</param>
    /// <param name="body">Does the part from the first number up to the second.</param>
    internal void ParallelRange(long count, long least, Action<long, long> body)
    {
        var parts = (int)Math.Clamp(count / least, 1, Environment.ProcessorCount);
        Parallel(parts, part => body(count * part / parts, count * (part + 1) / parts));
    }

    private static nint Data(nint value)
    {
        nint data;
        NativeApi.Check(((delegate* unmanaged<nint, nint*, nint>)NativeApi.Table[TensorData])(value, &data));
        return data;
    }

    [UnmanagedCallersOnly]
    private static void Piece(nint handle, nuint index)
    {
        var work = Unsafe.As<Work>(GCHandle.FromIntPtr(handle).Target)!;
        try
        {
            work.Body((int)index);
            if (GuardedMemory.IsOn)
                Scratch.Check();
        }
        catch (Exception e)
        {
            // Nothing may be thrown through native frames; Parallel throws it when all pieces are done.
            work.Failure = ExceptionDispatchInfo.Capture(e);
        }
    }

    private sealed class Work(Action<int> body)
    {
        internal Action<int> Body => body;

        internal ExceptionDispatchInfo? Failure { get; set; }
    }
}
