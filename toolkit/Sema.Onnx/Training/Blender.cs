using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;
using Sema.Onnx.Runtime.Elementwise;

namespace Sema.Onnx.Training;

/// <summary>Mixes one arena into another on the device.</summary>
internal sealed class Blender : IDisposable
{
    /// <summary>Elements of a session's piece: what stands between reading and writing is no longer than that.</summary>
    private const long Piece = 1 << 20;

    private readonly ParallelOptions _parallel;
    private readonly ElementwiseLoop? _loop;
    private readonly Session? _session;

    internal Blender(SessionSettings settings)
    {
        var model = BlendGraph.Build();
        _parallel = new() { MaxDegreeOfParallelism = settings.Cores };
        _loop = settings.Looped ? ElementwiseLoop.Compile(model.Graph) : null;
        _session = _loop is null ? new(ModelWriter.Write(model), settings) : null;
    }

    /// <summary>Computes a = share·a + (1 − share)·b.</summary>
    internal void Blend(Arena a, Arena b, double share)
    {
        if (_loop is not null)
        {
            _loop.Run([a, b, a], _loop.Scalars(new Dictionary<string, double> { [BlendGraph.Share] = share }), 0, a.Length, _parallel);
            return;
        }

        using var scalar = HostTensor.Of<double>([share]);
        for (long start = 0; start < a.Length; start += Piece)
            Blend(_session!, a, b, scalar, start, Math.Min(Piece, a.Length - start));
    }

    private static void Blend(Session session, Arena a, Arena b, HostTensor scalar, long start, long length)
    {
        using var binding = new Binding(session);
        using DeviceTensor left = a.Slice(start, length), right = b.Slice(start, length);
        binding.BindInput(BlendGraph.A, left);
        binding.BindInput(BlendGraph.B, right);
        binding.BindInput(BlendGraph.Share, scalar);
        binding.BindOutput(BlendGraph.Result, left);
        session.Run(binding);
    }

    /// <inheritdoc/>
    public void Dispose() => _session?.Dispose();
}
