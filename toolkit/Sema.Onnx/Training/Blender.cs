using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Mixes one arena into another on the device.</summary>
internal sealed class Blender(SessionSettings settings) : IDisposable
{
    private readonly Session _session = new(ModelWriter.Write(BlendGraph.Build()), settings);

    /// <summary>Elements of a piece: what stands between reading and writing is no longer than that.</summary>
    private const long Piece = 1 << 20;

    /// <summary>Computes a = share·a + (1 − share)·b.</summary>
    internal void Blend(Arena a, Arena b, double share)
    {
        using var scalar = HostTensor.Of<double>([share]);
        for (long start = 0; start < a.Length; start += Piece)
            Blend(a, b, scalar, start, Math.Min(Piece, a.Length - start));
    }

    private void Blend(Arena a, Arena b, HostTensor scalar, long start, long length)
    {
        using var binding = new Binding(_session);
        using DeviceTensor left = a.Slice(start, length), right = b.Slice(start, length);
        binding.BindInput(BlendGraph.A, left);
        binding.BindInput(BlendGraph.B, right);
        binding.BindInput(BlendGraph.Share, scalar);
        binding.BindOutput(BlendGraph.Result, left);
        _session.Run(binding);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
