using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Sema.Onnx.Runtime;

/// <summary>What the C# API lacks, called in ONNX Runtime's C API: allocations past 4 GiB, and whether a value's rank is known.</summary>
internal static unsafe partial class NativeApi
{
    /// <summary>The version of the C API that the table below is of.</summary>
    internal const uint Version = 29;

    // Positions in the table OrtApi of onnxruntime_c_api.h; ONNX Runtime only ever appends to it.
    private const int GetErrorMessage = 2;
    private const int SessionGetInputTypeInfo = 33;
    private const int SessionGetOutputTypeInfo = 34;
    private const int CastTypeInfoToTensorInfo = 55;
    private const int AllocatorAlloc = 75;
    private const int AllocatorFree = 76;
    private const int ReleaseStatus = 93;
    private const int ReleaseTypeInfo = 98;
    private const int TensorHasShape = 390;

    /// <summary>The functions of the C API, by their position.</summary>
    internal static readonly nint* Table = Load();

    /// <summary>Allocates a block; the caller frees it.</summary>
    internal static nint Allocate(OrtAllocator allocator, nuint bytes)
    {
        nint block;
        Check(((delegate* unmanaged<nint, nuint, nint*, nint>)Table[AllocatorAlloc])(allocator.DangerousGetHandle(), bytes, &block));
        return block;
    }

    /// <summary>Frees a block where it was allocated.</summary>
    internal static void Free(OrtAllocator allocator, nint block) =>
        Check(((delegate* unmanaged<nint, nint, nint>)Table[AllocatorFree])(allocator.DangerousGetHandle(), block));

    /// <summary>Gets whether even the rank of a session's input or output is known: the C# API shows both cases as a scalar.</summary>
    /// <param name="session">The session.</param>
    /// <param name="index">The position among its inputs or outputs, of a tensor.</param>
    /// <param name="output">Whether it is an output.</param>
    internal static bool HasShape(InferenceSession session, int index, bool output)
    {
        nint type, tensor;
        var get = (delegate* unmanaged<nint, nuint, nint*, nint>)Table[output ? SessionGetOutputTypeInfo : SessionGetInputTypeInfo];
        Check(get(HandleOf(session), (nuint)index, &type));
        Check(((delegate* unmanaged<nint, nint*, nint>)Table[CastTypeInfoToTensorInfo])(type, &tensor));
        var known = ((delegate* unmanaged<nint, byte>)Table[TensorHasShape])(tensor) != 0;
        ((delegate* unmanaged<nint, void>)Table[ReleaseTypeInfo])(type);
        return known;
    }

    /// <summary>Turns a status that says what went wrong into an exception, and releases it.</summary>
    /// <exception cref="RuntimeException">The status is not success.</exception>
    internal static void Check(nint status)
    {
        if (status == 0)
            return;
        var message = Marshal.PtrToStringUTF8(((delegate* unmanaged<nint, nint>)Table[GetErrorMessage])(status)) ?? "";
        ((delegate* unmanaged<nint, void>)Table[ReleaseStatus])(status);
        throw new RuntimeException(OrtRuntime.Sentence(message));
    }

    private static nint* Load()
    {
        OrtRuntime.Start();
        var get = (delegate* unmanaged<uint, nint*>)(*OrtGetApiBase());
        return get(Version);
    }

    [LibraryImport("onnxruntime")]
    private static partial nint* OrtGetApiBase();

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "get_Handle")]
    private static extern nint HandleOf(InferenceSession session);
}
