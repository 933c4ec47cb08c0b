using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Elementwise;

/// <summary>A graph of elementwise operators over float32 vectors of one length, as one loop: each element is read once, computed in registers and written once.</summary>
/// <remarks>
/// A session sends every operator's result through memory; this sends none. Each operator stays one operation of IEEE 754, in the graph's order,
/// so the bits are a session's. What is scalar is computed ahead of the loop. An output may stand in an input's place.
/// </remarks>
internal sealed unsafe class ElementwiseLoop
{
    private const long Piece = 1 << 16;

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

    private readonly ScalarProgram _scalars;
    private readonly List<Value> _broadcast;
    private readonly Body _body;
    private readonly int _outputs;

    private ElementwiseLoop(Graph graph, ScalarProgram scalars, List<Node> nodes)
    {
        _scalars = scalars;
        _outputs = graph.Outputs.Count;
        _broadcast = [.. nodes.SelectMany(n => n.Inputs).OfType<Value>().Where(scalars.Has).Distinct()];
        List<Value> inputs = [.. graph.Inputs.Where(i => !scalars.Has(i))];
        ScalarInputs = [.. graph.Inputs.Where(scalars.Has).Select(i => i.Name)];
        Streams = [.. inputs.Concat(graph.Outputs).Select(v => v.Name)];
        _body = Emit(inputs, _broadcast, nodes, graph.Outputs);
    }

    private delegate void Body(float** streams, float* scalars, nint bytes);

    /// <summary>Gets the names of the vectors in the order in which they are given: first the graph's inputs that are vectors, then its outputs.</summary>
    internal IReadOnlyList<string> Streams { get; }

    /// <summary>Gets the names of the graph's inputs that are scalars.</summary>
    internal IReadOnlyList<string> ScalarInputs { get; }

    /// <summary>Makes a graph's loop.</summary>
    /// <returns><see langword="null"/> where the graph holds more than elementwise operators that are known here, or where no code can be made at run time.</returns>
    internal static ElementwiseLoop? Compile(Graph graph)
    {
        var scalars = new ScalarProgram();
        List<Value> given = [.. graph.Inputs.Union(graph.Initializers).Where(v => !scalars.TryAdd(v))];
        List<Node> nodes = [.. graph.Nodes.Where(n => !scalars.TryAdd(n))];
        var isKnown = given.TrueForAll(v => v is { Type: ElementType.Float32, Shape.Rank: 1 } && graph.Inputs.Contains(v))
            && nodes.TrueForAll(n => n.Domain.Length == 0 && n.Outputs.Count == 1 && n.Inputs.TrueForAll(i => i is not null) && Methods.ContainsKey((n.OpType, n.Inputs.Count)))
            && graph.Outputs.TrueForAll(o => o.Producer is { } maker && nodes.Contains(maker));
        return isKnown && RuntimeFeature.IsDynamicCodeCompiled ? new(graph, scalars, nodes) : null;
    }

    /// <summary>Computes the scalars of the vectors' operators.</summary>
    /// <param name="inputs">The graph's scalar inputs, by name.</param>
    /// <returns>What <see cref="Run"/> takes.</returns>
    internal float[] Scalars(IReadOnlyDictionary<string, double> inputs)
    {
        var values = _scalars.Run(inputs);
        return [.. _broadcast.Select(s => _scalars.IsCondition(s) ? BitConverter.Int32BitsToSingle(values[s.Name] != 0 ? -1 : 0) : (float)values[s.Name])];
    }

    /// <summary>Runs over a range, its pieces side by side.</summary>
    /// <param name="streams">The vectors, in the order of <see cref="Streams"/>, in the host's memory.</param>
    /// <param name="scalars">The scalars.</param>
    /// <param name="start">The first element.</param>
    /// <param name="length">How many.</param>
    /// <param name="parallel">On how many threads.</param>
    internal void Run(IReadOnlyList<Arena> streams, float[] scalars, long start, long length, ParallelOptions parallel)
    {
        // Pieces begin at multiples of their length, so that no vector's load crosses a cache line.
        var (first, end) = (start / Piece, start + length);
        Parallel.For(first, (end + Piece - 1) / Piece, parallel, piece =>
        {
            var from = Math.Max(start, piece * Piece);
            RunPiece(streams, scalars, from, (int)(Math.Min(end, (piece + 1) * Piece) - from));
        });
    }

    private void RunPiece(IReadOnlyList<Arena> streams, float[] scalars, long start, int count)
    {
        var pointers = stackalloc float*[streams.Count];
        for (var k = 0; k < streams.Count; k++)
            pointers[k] = (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(streams[k].Host<float>(start, count)));
        fixed (float* values = scalars)
        {
            var whole = count - count % Widest.Lanes;
            _body(pointers, values, whole * sizeof(float));
            if (whole < count)
                RunLast(pointers, streams.Count, values, whole, count - whole);
        }
    }

    // The last elements, fewer than a vector has lanes, go through a vector's own memory.
    private void RunLast(float** pointers, int streams, float* scalars, int from, int count)
    {
        var lanes = stackalloc float[streams * Widest.Lanes];
        var last = stackalloc float*[streams];
        for (var k = 0; k < streams; k++)
        {
            last[k] = lanes + k * Widest.Lanes;
            new Span<float>(pointers[k] + from, count).CopyTo(new(last[k], count));
        }

        _body(last, scalars, Widest.Lanes * sizeof(float));
        for (var k = streams - _outputs; k < streams; k++)
            new Span<float>(last[k], count).CopyTo(new(pointers[k] + from, count));
    }

    // for (i = 0; i < bytes; i += a vector's bytes) { load; compute; store }: loads come before stores, so streams may be the same memory.
    private static Body Emit(List<Value> inputs, List<Value> scalars, List<Node> nodes, List<Value> outputs)
    {
        var method = new DynamicMethod("elementwise", null, [typeof(float**), typeof(float*), typeof(nint)], typeof(ElementwiseLoop).Module);
        var code = method.GetILGenerator();
        var values = new Dictionary<Value, LocalBuilder>();
        foreach (var (k, scalar) in scalars.Index())
        {
            code.Emit(OpCodes.Ldarg_1);
            code.Emit(OpCodes.Ldc_I4, k * sizeof(float));
            code.Emit(OpCodes.Add);
            code.Emit(OpCodes.Ldind_R4);
            code.Emit(OpCodes.Call, Create);
            Keep(scalar);
        }

        LocalBuilder[] streams = [.. inputs.Concat(outputs).Select((_, k) => Pointer(k))];
        var at = code.DeclareLocal(typeof(nint));
        var (next, check) = (code.DefineLabel(), code.DefineLabel());
        code.Emit(OpCodes.Ldc_I4_0);
        code.Emit(OpCodes.Conv_I);
        code.Emit(OpCodes.Stloc, at);
        code.Emit(OpCodes.Br, check);
        code.MarkLabel(next);
        foreach (var (k, input) in inputs.Index())
        {
            Address(k);
            code.Emit(OpCodes.Call, Load);
            Keep(input);
        }

        foreach (var node in nodes)
        {
            foreach (var input in node.Inputs)
                code.Emit(OpCodes.Ldloc, values[input!]);
            code.Emit(OpCodes.Call, Methods[(node.OpType, node.Inputs.Count)]);
            Keep(node.Output);
        }

        foreach (var (k, output) in outputs.Index())
        {
            code.Emit(OpCodes.Ldloc, values[output]);
            Address(inputs.Count + k);
            code.Emit(OpCodes.Call, Store);
        }

        code.Emit(OpCodes.Ldloc, at);
        code.Emit(OpCodes.Ldc_I4, Widest.Lanes * sizeof(float));
        code.Emit(OpCodes.Add);
        code.Emit(OpCodes.Stloc, at);
        code.MarkLabel(check);
        code.Emit(OpCodes.Ldloc, at);
        code.Emit(OpCodes.Ldarg_2);
        code.Emit(OpCodes.Blt, next);
        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Body>();

        void Keep(Value value)
        {
            values[value] = code.DeclareLocal(Widest.Vector);
            code.Emit(OpCodes.Stloc, values[value]);
        }

        LocalBuilder Pointer(int k)
        {
            var pointer = code.DeclareLocal(typeof(float*));
            code.Emit(OpCodes.Ldarg_0);
            code.Emit(OpCodes.Ldc_I4, k * sizeof(float*));
            code.Emit(OpCodes.Add);
            code.Emit(OpCodes.Ldind_I);
            code.Emit(OpCodes.Stloc, pointer);
            return pointer;
        }

        void Address(int k)
        {
            code.Emit(OpCodes.Ldloc, streams[k]);
            code.Emit(OpCodes.Ldloc, at);
            code.Emit(OpCodes.Add);
        }
    }

    private static MethodInfo Symbol(string name, int operands) => Widest.Vector.GetMethod(name, [.. Enumerable.Repeat(Widest.Vector, operands)])!;

    private static MethodInfo Function(string name) => Widest.Functions.GetMethod(name)!.MakeGenericMethod(typeof(float));
}
