using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>Mixes one arena into another on the device.</summary>
internal sealed class Blender(SessionSettings settings) : IDisposable
{
    private readonly Session _session = new(ModelWriter.Write(BlendGraph.Build()), settings);

    /// <summary>Computes a = share·a + (1 − share)·b.</summary>
    internal void Blend(Arena a, Arena b, double share)
    {
        using var binding = new Binding(_session);
        using var scalar = HostTensor.Of<double>([share]);
        using DeviceTensor left = a.Slice(0, a.Length), right = b.Slice(0, b.Length);
        binding.BindInput(BlendGraph.A, left);
        binding.BindInput(BlendGraph.B, right);
        binding.BindInput(BlendGraph.Share, scalar);
        binding.BindOutput(BlendGraph.Result, left);
        _session.Run(binding);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();
}
