using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.OnnxRuntime;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Serialization;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Registers the kernels with ONNX Runtime as custom operators of the domain <c>com.sema</c>.</summary>
internal static unsafe class KernelDomain
{
    private const int CreateStatus = 0;
    private const int CreateCustomOpDomain = 26;
    private const int CustomOpDomainAdd = 27;
    private const int AddCustomOpDomain = 28;
    private const int RuntimeException = 6;
    private const int Required = 0;
    private const int Optional = 1;

    private static readonly byte* Cpu = Utf8("CPUExecutionProvider");

    private static readonly int* Zero = (int*)NativeMemory.AllocZeroed(sizeof(int));

    // Lives as long as the process: sessions keep pointers into it.
    private static readonly Lazy<nint> Domain = new(Create);

    private static readonly KernelDefinition[] Definitions = [.. KernelTable.All];

    /// <summary>Makes a session of these options take the kernels in place of the functions' bodies.</summary>
    internal static void AddTo(SessionOptions options) =>
        NativeApi.Check(((delegate* unmanaged<nint, nint, nint>)NativeApi.Table[AddCustomOpDomain])(options.DangerousGetHandle(), Domain.Value));

    private static nint Create()
    {
        nint domain;
        NativeApi.Check(((delegate* unmanaged<byte*, nint*, nint>)NativeApi.Table[CreateCustomOpDomain])(Utf8(Model.SemaDomain), &domain));
        for (var i = 0; i < Definitions.Length; i++)
        {
            var op = (Operator*)NativeMemory.AllocZeroed((nuint)sizeof(Operator));
            *op = new()
            {
                Version = NativeApi.Version,
                GetName = &GetName,
                GetExecutionProviderType = &GetProvider,
                GetInputType = &GetInputType,
                GetInputTypeCount = &GetInputCount,
                GetOutputType = &GetOutputType,
                GetOutputTypeCount = &GetOutputCount,
                KernelDestroy = &Destroy,
                GetInputCharacteristic = &InputCharacteristic,
                GetOutputCharacteristic = &OutputCharacteristic,
                GetInputMemoryType = &DefaultMemory,
                GetVariadicInputMinArity = &One,
                GetVariadicInputHomogeneity = &One,
                GetVariadicOutputMinArity = &One,
                GetVariadicOutputHomogeneity = &One,
                CreateKernelV2 = &CreateKernel,
                KernelComputeV2 = &Compute,
                GetStartVersion = &One,
                GetEndVersion = &Latest,
                GetMayInPlace = Definitions[i].InPlace ? &FirstOverFirst : &Nowhere,
                ReleaseMayInPlace = &Keep,
                GetAliasMap = Definitions[i].IsView ? &FirstOverFirst : &Nowhere,
                ReleaseAliasMap = &Keep,
                Name = Utf8(Definitions[i].Name),
                Index = i,
            };
            NativeApi.Check(((delegate* unmanaged<nint, Operator*, nint>)NativeApi.Table[CustomOpDomainAdd])(domain, op));
        }

        Introduce(domain);
        return domain;
    }

    // ONNX Runtime notes a domain that it meets for the first time in a table of the whole process, where two sessions at once would collide.
    private static void Introduce(nint domain)
    {
        var graph = new Graph("introduction");
        graph.Outputs.Add(graph.AddInput("x", ElementType.Float32, Shape.Of(1)).Identity().As(ElementType.Float32));
        using var options = new SessionOptions();
        NativeApi.Check(((delegate* unmanaged<nint, nint, nint>)NativeApi.Table[AddCustomOpDomain])(options.DangerousGetHandle(), domain));
        new InferenceSession(ModelWriter.Write(new Model(graph) { Opsets = { [""] = Model.Opset } }), options).Dispose();
    }

    private static byte* Utf8(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var copy = (byte*)NativeMemory.AllocZeroed((nuint)bytes.Length + 1);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return copy;
    }

    [UnmanagedCallersOnly]
    private static byte* GetName(Operator* op) => op->Name;

    [UnmanagedCallersOnly]
    private static byte* GetProvider(Operator* op) => Cpu;

    [UnmanagedCallersOnly]
    private static int GetInputType(Operator* op, nuint index) => (int)Definitions[op->Index].Inputs[index];

    [UnmanagedCallersOnly]
    private static nuint GetInputCount(Operator* op) => (nuint)Definitions[op->Index].Inputs.Length;

    [UnmanagedCallersOnly]
    private static int GetOutputType(Operator* op, nuint index) => (int)Definitions[op->Index].Outputs[index];

    [UnmanagedCallersOnly]
    private static nuint GetOutputCount(Operator* op) => (nuint)Definitions[op->Index].Outputs.Length;

    [UnmanagedCallersOnly]
    private static int InputCharacteristic(Operator* op, nuint index) =>
        (int)index < Definitions[op->Index].Inputs.Length - Definitions[op->Index].OptionalInputs ? Required : Optional;

    // A gradient that nobody asked for is left out of the node.
    [UnmanagedCallersOnly]
    private static int OutputCharacteristic(Operator* op, nuint index) => index == 0 ? Required : Optional;

    [UnmanagedCallersOnly]
    private static int DefaultMemory(Operator* op, nuint index) => 0;

    [UnmanagedCallersOnly]
    private static int One(Operator* op) => 1;

    [UnmanagedCallersOnly]
    private static int Latest(Operator* op) => int.MaxValue;

    [UnmanagedCallersOnly]
    private static nuint FirstOverFirst(int** inputs, int** outputs)
    {
        *inputs = *outputs = Zero;
        return 1;
    }

    [UnmanagedCallersOnly]
    private static nuint Nowhere(int** inputs, int** outputs) => 0;

    [UnmanagedCallersOnly]
    private static void Keep(int* inputs, int* outputs)
    {
    }

    [UnmanagedCallersOnly]
    private static nint CreateKernel(Operator* op, nint api, nint info, nint* kernel)
    {
        try
        {
            var definition = Definitions[op->Index];
            var made = definition.Create(new(info));
            made.Sizes = definition.Sizes.Length > 0 ? new(definition.Name, definition.Sizes) : null;
            *kernel = GCHandle.ToIntPtr(GCHandle.Alloc(made));
            return 0;
        }
        catch (Exception e)
        {
            return Failure(e);
        }
    }

    [UnmanagedCallersOnly]
    private static nint Compute(nint kernel, nint context)
    {
        try
        {
            var made = Unsafe.As<Kernel>(GCHandle.FromIntPtr(kernel).Target)!;
            if (GuardedMemory.IsOn)
                ComputeGuarded(made, new(context));
            else
                Compute(made, new(context));
            return 0;
        }
        catch (Exception e)
        {
            return Failure(e);
        }
    }

    private static void Compute(Kernel kernel, KernelContext context)
    {
        kernel.Sizes?.Check(context);
        kernel.Compute(context);
    }

    private static void ComputeGuarded(Kernel kernel, KernelContext context)
    {
        using var copies = new GuardedTensors();
        Compute(kernel, context.With(copies));
        copies.Finish();
        Scratch.Check();
    }

    [UnmanagedCallersOnly]
    private static void Destroy(nint kernel) => GCHandle.FromIntPtr(kernel).Free();

    // Nothing may be thrown through native frames: ONNX Runtime hands the sentence back to whoever runs the session.
    private static nint Failure(Exception e)
    {
        fixed (byte* message = Encoding.UTF8.GetBytes(e.Message + '\0'))
            return ((delegate* unmanaged<int, byte*, nint>)NativeApi.Table[CreateStatus])(RuntimeException, message);
    }

    // What ONNX Runtime need not know stays null.
#pragma warning disable CS0649

    /// <summary>OrtCustomOp of onnxruntime_c_api.h, version 29; behind it what is ours.</summary>
    private struct Operator
    {
        internal uint Version;
        internal nint CreateKernel;
        internal delegate* unmanaged<Operator*, byte*> GetName;
        internal delegate* unmanaged<Operator*, byte*> GetExecutionProviderType;
        internal delegate* unmanaged<Operator*, nuint, int> GetInputType;
        internal delegate* unmanaged<Operator*, nuint> GetInputTypeCount;
        internal delegate* unmanaged<Operator*, nuint, int> GetOutputType;
        internal delegate* unmanaged<Operator*, nuint> GetOutputTypeCount;
        internal nint KernelCompute;
        internal delegate* unmanaged<nint, void> KernelDestroy;
        internal delegate* unmanaged<Operator*, nuint, int> GetInputCharacteristic;
        internal delegate* unmanaged<Operator*, nuint, int> GetOutputCharacteristic;
        internal delegate* unmanaged<Operator*, nuint, int> GetInputMemoryType;
        internal delegate* unmanaged<Operator*, int> GetVariadicInputMinArity;
        internal delegate* unmanaged<Operator*, int> GetVariadicInputHomogeneity;
        internal delegate* unmanaged<Operator*, int> GetVariadicOutputMinArity;
        internal delegate* unmanaged<Operator*, int> GetVariadicOutputHomogeneity;
        internal delegate* unmanaged<Operator*, nint, nint, nint*, nint> CreateKernelV2;
        internal delegate* unmanaged<nint, nint, nint> KernelComputeV2;
        internal nint InferOutputShape;
        internal delegate* unmanaged<Operator*, int> GetStartVersion;
        internal delegate* unmanaged<Operator*, int> GetEndVersion;
        internal delegate* unmanaged<int**, int**, nuint> GetMayInPlace;
        internal delegate* unmanaged<int*, int*, void> ReleaseMayInPlace;
        internal delegate* unmanaged<int**, int**, nuint> GetAliasMap;
        internal delegate* unmanaged<int*, int*, void> ReleaseAliasMap;
        internal byte* Name;
        internal int Index;
    }
}
