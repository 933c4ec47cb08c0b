using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Elementwise;

/// <summary>The code of an <see cref="ElementwiseLoop"/>.</summary>
/// <param name="streams">Where each vector begins: the inputs, then the outputs.</param>
/// <param name="scalars">The scalars.</param>
/// <param name="bytes">The vectors' length, a multiple of the machine's widest.</param>
internal unsafe delegate void LoopBody(float** streams, float* scalars, nint bytes);

/// <summary>Writes that code: for (i = 0; i &lt; bytes; i += a vector's bytes) { load; compute; store }.</summary>
internal sealed unsafe class LoopCode
{
    private static readonly (Type Vector, Type Functions, int Lanes) Widest =
        Vector512.IsHardwareAccelerated ? (typeof(Vector512<float>), typeof(Vector512), Vector512<float>.Count)
        : Vector256.IsHardwareAccelerated ? (typeof(Vector256<float>), typeof(Vector256), Vector256<float>.Count)
        : (typeof(Vector128<float>), typeof(Vector128), Vector128<float>.Count);

    private static readonly MethodInfo Create = Widest.Functions.GetMethod(nameof(Vector512.Create), [typeof(float)])!;
    private static readonly MethodInfo Load = Function(nameof(Vector512.Load));
    private static readonly MethodInfo Store = Function(nameof(Vector512.Store));

    private static readonly Dictionary<(string Operator, int Inputs), MethodInfo> Methods = new()
    {
        [("Add", 2)] = Symbol("op_Addition", 2),
        [("Sub", 2)] = Symbol("op_Subtraction", 2),
        [("Mul", 2)] = Symbol("op_Multiply", 2),
        [("Div", 2)] = Symbol("op_Division", 2),
        [("Neg", 1)] = Symbol("op_UnaryNegation", 1),
        [("Sqrt", 1)] = Function(nameof(Vector512.Sqrt)),
        [("Abs", 1)] = Function(nameof(Vector512.Abs)),
        [("Max", 2)] = Function(nameof(Vector512.Max)),
        [("Min", 2)] = Function(nameof(Vector512.Min)),
        [("Greater", 2)] = Function(nameof(Vector512.GreaterThan)),
        [("Less", 2)] = Function(nameof(Vector512.LessThan)),
        [("GreaterOrEqual", 2)] = Function(nameof(Vector512.GreaterThanOrEqual)),
        [("LessOrEqual", 2)] = Function(nameof(Vector512.LessThanOrEqual)),
        [("Where", 3)] = Function(nameof(Vector512.ConditionalSelect)),
        [("Sign", 1)] = typeof(VectorSign).GetMethod(nameof(VectorSign.Of), BindingFlags.Static | BindingFlags.NonPublic, [Widest.Vector])!,
    };

    private readonly DynamicMethod _method = new("elementwise", null, [typeof(float**), typeof(float*), typeof(nint)], typeof(LoopCode).Module);
    private readonly Dictionary<Value, LocalBuilder> _values = [];
    private readonly ILGenerator _code;
    private readonly LocalBuilder _at;

    private LoopCode()
    {
        _code = _method.GetILGenerator();
        _at = _code.DeclareLocal(typeof(nint));
    }

    /// <summary>Gets the numbers in a vector.</summary>
    internal static int Lanes => Widest.Lanes;

    /// <summary>Gets whether there is an instruction for a node's operator.</summary>
    internal static bool Knows(Node node) => Methods.ContainsKey((node.OpType, node.Inputs.Count));

    /// <summary>Makes the code.</summary>
    /// <param name="inputs">The vectors that are read.</param>
    /// <param name="scalars">The scalars that the nodes read.</param>
    /// <param name="nodes">The nodes, each behind those that it reads.</param>
    /// <param name="outputs">The vectors that are written.</param>
    internal static LoopBody Compile(List<Value> inputs, List<Value> scalars, List<Node> nodes, List<Value> outputs)
    {
        var loop = new LoopCode();
        foreach (var (k, scalar) in scalars.Index())
            loop.Broadcast(k, scalar);
        LocalBuilder[] streams = [.. inputs.Concat(outputs).Select((_, k) => loop.Pointer(k))];
        loop.Loop(() =>
        {
            // Loads come before stores, so streams may be the same memory.
            foreach (var (input, stream) in inputs.Zip(streams))
                loop.Read(stream, input);
            foreach (var node in nodes)
                loop.Apply(node);
            foreach (var (output, stream) in outputs.Zip(streams.Skip(inputs.Count)))
                loop.Write(output, stream);
        });
        return loop._method.CreateDelegate<LoopBody>();
    }

    private void Loop(Action body)
    {
        var (next, check) = (_code.DefineLabel(), _code.DefineLabel());
        _code.Emit(OpCodes.Ldc_I4_0);
        _code.Emit(OpCodes.Conv_I);
        _code.Emit(OpCodes.Stloc, _at);
        _code.Emit(OpCodes.Br, check);
        _code.MarkLabel(next);
        body();
        _code.Emit(OpCodes.Ldloc, _at);
        _code.Emit(OpCodes.Ldc_I4, Lanes * sizeof(float));
        _code.Emit(OpCodes.Add);
        _code.Emit(OpCodes.Stloc, _at);
        _code.MarkLabel(check);
        _code.Emit(OpCodes.Ldloc, _at);
        _code.Emit(OpCodes.Ldarg_2);
        _code.Emit(OpCodes.Blt, next);
        _code.Emit(OpCodes.Ret);
    }

    private void Broadcast(int k, Value scalar)
    {
        _code.Emit(OpCodes.Ldarg_1);
        _code.Emit(OpCodes.Ldc_I4, k * sizeof(float));
        _code.Emit(OpCodes.Add);
        _code.Emit(OpCodes.Ldind_R4);
        _code.Emit(OpCodes.Call, Create);
        Keep(scalar);
    }

    private LocalBuilder Pointer(int k)
    {
        var pointer = _code.DeclareLocal(typeof(float*));
        _code.Emit(OpCodes.Ldarg_0);
        _code.Emit(OpCodes.Ldc_I4, k * sizeof(float*));
        _code.Emit(OpCodes.Add);
        _code.Emit(OpCodes.Ldind_I);
        _code.Emit(OpCodes.Stloc, pointer);
        return pointer;
    }

    private void Read(LocalBuilder stream, Value value)
    {
        Address(stream);
        _code.Emit(OpCodes.Call, Load);
        Keep(value);
    }

    private void Apply(Node node)
    {
        foreach (var input in node.Inputs)
            _code.Emit(OpCodes.Ldloc, _values[input!]);
        _code.Emit(OpCodes.Call, Methods[(node.OpType, node.Inputs.Count)]);
        Keep(node.Output);
    }

    private void Write(Value value, LocalBuilder stream)
    {
        _code.Emit(OpCodes.Ldloc, _values[value]);
        Address(stream);
        _code.Emit(OpCodes.Call, Store);
    }

    private void Keep(Value value)
    {
        _values[value] = _code.DeclareLocal(Widest.Vector);
        _code.Emit(OpCodes.Stloc, _values[value]);
    }

    private void Address(LocalBuilder stream)
    {
        _code.Emit(OpCodes.Ldloc, stream);
        _code.Emit(OpCodes.Ldloc, _at);
        _code.Emit(OpCodes.Add);
    }

    private static MethodInfo Symbol(string name, int operands) => Widest.Vector.GetMethod(name, [.. Enumerable.Repeat(Widest.Vector, operands)])!;

    private static MethodInfo Function(string name) => Widest.Functions.GetMethod(name)!.MakeGenericMethod(typeof(float));
}
