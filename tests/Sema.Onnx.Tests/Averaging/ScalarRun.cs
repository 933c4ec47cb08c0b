namespace Sema.Onnx.Averaging;

/// <summary>An engine for one weight: does what a strategy decides, as <see cref="AveragingStrategy"/> says.</summary>
internal sealed class ScalarRun
{
    private readonly AveragingStrategy _strategy;
    private readonly int _stepsPerEpoch;
    private long _step;

    public ScalarRun(AveragingStrategy strategy, double w, int stepsPerEpoch = 1)
    {
        (_strategy, W, _stepsPerEpoch) = (strategy, w, stepsPerEpoch);
        E = [.. strategy.Averages.Select(_ => w)];
    }

    public double W { get; private set; }

    public double[] E { get; }

    /// <summary>An optimizer step that sets the weight, then the strategy's part.</summary>
    public void Step(double w)
    {
        W = w;
        var at = At(++_step, _stepsPerEpoch);
        for (var i = 0; i < E.Length; i++)
        {
            var d = _strategy.Decay(i, at);
            E[i] = (d * E[i]) + ((1 - d) * W);
        }
        if (_strategy.SwitchAfter(at) is { } decision)
            W = (decision.Keep * W) + ((1 - decision.Keep) * E[decision.Shadow]);
    }

    public static TrainingPosition At(long step, int stepsPerEpoch = 1) =>
        new(step, ((step - 1) / stepsPerEpoch) + 1, step % stepsPerEpoch == 0);
}
