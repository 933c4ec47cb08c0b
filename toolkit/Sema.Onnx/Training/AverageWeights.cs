using Sema.Onnx.Averaging;
using Sema.Onnx.Runtime;

namespace Sema.Onnx.Training;

/// <summary>The averages of a run as vectors on the device.</summary>
/// <param name="engine">What holds the shadows.</param>
/// <param name="averaging">What each average consists of.</param>
internal sealed class AverageWeights(Engine engine, AveragingStrategy averaging) : IDisposable
{
    private readonly Lazy<Arena> _sum = new(() => new Arena(engine.Settings.Device, engine.Weights.Length));

    /// <summary>Gets an average, valid until the next is asked for: the shadow itself where the average is one.</summary>
    internal Arena Of(int k, TrainingPosition at)
    {
        var portions = averaging.Mixture(k, at);
        if (portions is [{ Share: 1, Shadow: var only }])
            return engine.Shadows[only];
        Mixtures.Add(portions, engine.Shadows, _sum.Value);
        return _sum.Value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_sum.IsValueCreated)
            _sum.Value.Dispose();
    }
}
