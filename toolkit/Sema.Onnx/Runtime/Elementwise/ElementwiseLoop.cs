using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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

    private readonly ScalarProgram _scalars;
    private readonly List<Value> _broadcast;
    private readonly LoopBody _body;
    private readonly int _outputs;

    private ElementwiseLoop(Graph graph, ScalarProgram scalars, List<Node> nodes)
    {
        _scalars = scalars;
        _outputs = graph.Outputs.Count;
        _broadcast = [.. nodes.SelectMany(n => n.Inputs).OfType<Value>().Where(scalars.Has).Distinct()];
        List<Value> inputs = [.. graph.Inputs.Where(i => !scalars.Has(i))];
        ScalarInputs = [.. graph.Inputs.Where(scalars.Has).Select(i => i.Name)];
        Streams = [.. inputs.Concat(graph.Outputs).Select(v => v.Name)];
        _body = LoopCode.Compile(inputs, _broadcast, nodes, graph.Outputs);
    }

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
            && nodes.TrueForAll(n => n.Domain.Length == 0 && n.Outputs.Count == 1 && n.Inputs.TrueForAll(i => i is not null) && LoopCode.Knows(n))
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
            var whole = count - count % LoopCode.Lanes;
            _body(pointers, values, whole * sizeof(float));
            if (whole < count)
                RunLast(pointers, streams.Count, values, whole, count - whole);
        }
    }

    // The last elements, fewer than a vector has lanes, go through a vector's own memory.
    private void RunLast(float** pointers, int streams, float* scalars, int from, int count)
    {
        var lanes = stackalloc float[streams * LoopCode.Lanes];
        var last = stackalloc float*[streams];
        for (var k = 0; k < streams; k++)
        {
            last[k] = lanes + k * LoopCode.Lanes;
            new Span<float>(pointers[k] + from, count).CopyTo(new(last[k], count));
        }

        _body(last, scalars, LoopCode.Lanes * sizeof(float));
        for (var k = streams - _outputs; k < streams; k++)
            new Span<float>(last[k], count).CopyTo(new(pointers[k] + from, count));
    }
}
