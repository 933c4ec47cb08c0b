using System.CommandLine;
using Sema.Onnx.Graphs.Optimizers;

namespace Sema.Onnx.Cli.Options;

/// <summary>--optimizer, --lr, --weight-decay and kin.</summary>
internal sealed class OptimizerOptions : OptionGroup
{
    private const double AdamRate = 1e-4, SgdRate = 1e-3, RecordedRate = 1e-3, UsualMomentum = 0.9;

    private readonly bool _replays;

    /// <param name="replays">Whether a recorded trajectory is replayed: its defaults are the recorder's, and it takes plain steps.</param>
    internal OptimizerOptions(bool replays = false)
        : base("Optimizer")
    {
        _replays = replays;
        Kind = Add(Flag.Choice("--optimizer", "How weights move; PyTorch's definitions.", "adamw", "sgd", "momentum", "nesterov", "adam", "adamw"));
        Rate = Add(Flag.Number("--lr", "RATE", replays ? "The learning rate. [default: 0.001]" : "The learning rate. [default, for fine-tuning: 0.0001 with adam and adamw, 0.001 with the others]"));
        WeightDecay = Add(Flag.Number("--weight-decay", "D", "How strongly weights are pulled to 0; decoupled in adamw.", 0.01));
        Momentum = Add(Flag.Number("--momentum", "M", "For momentum and nesterov. [default: 0.9]"));
        Beta1 = Add(Flag.Number("--beta1", "B", "For adam and adamw: decay of the gradient's mean.", 0.9));
        Beta2 = Add(Flag.Number("--beta2", "B", "For adam and adamw: decay of the squared gradient's mean.", 0.999));
        NoDecayOnVectors = Flag.Switch("--no-decay-on-vectors", "No weight decay on biases, scales and other vectors.");
        ClipNorm = Flag.Number("--clip-norm", "N", "Scale the gradient down to this L2 norm where it is longer. [default: no limit]");
        Accumulate = Flag.Integer("--accumulate", "N", "Batches that make one optimizer step.", 1, 1);
        if (replays)
            return;
        Add(NoDecayOnVectors);
        Add(ClipNorm);
        Add(Accumulate);
    }

    internal Option<string> Kind { get; }

    internal Option<double?> Rate { get; }

    internal Option<double> WeightDecay { get; }

    internal Option<double?> Momentum { get; }

    internal Option<double> Beta1 { get; }

    internal Option<double> Beta2 { get; }

    internal Option<bool> NoDecayOnVectors { get; }

    internal Option<double?> ClipNorm { get; }

    internal Option<int> Accumulate { get; }

    internal double LearningRate(ParseResult parse) => parse.GetValue(Rate)
        ?? (_replays ? RecordedRate : parse.GetValue(Kind)!.StartsWith("adam", StringComparison.Ordinal) ? AdamRate : SgdRate);

    internal Optimizer Bind(ParseResult parse)
    {
        var decay = parse.GetValue(WeightDecay);
        var (beta1, beta2) = (parse.GetValue(Beta1), parse.GetValue(Beta2));
        Within(decay, WeightDecay, decay >= 0, "at least 0");
        Within(beta1, Beta1, beta1 is >= 0 and < 1, "in [0, 1)");
        Within(beta2, Beta2, beta2 is >= 0 and < 1, "in [0, 1)");
        return parse.GetValue(Kind) switch
        {
            "sgd" => new Sgd { WeightDecay = decay },
            "momentum" => new Sgd { WeightDecay = decay, Momentum = Velocity(parse) },
            "nesterov" => new Sgd { WeightDecay = decay, Momentum = Velocity(parse), Nesterov = true },
            "adam" => new Adam { WeightDecay = decay, Beta1 = beta1, Beta2 = beta2 },
            _ => new AdamW { WeightDecay = decay, Beta1 = beta1, Beta2 = beta2 },
        };
    }

    private double Velocity(ParseResult parse)
    {
        var momentum = parse.GetValue(Momentum) ?? UsualMomentum;
        Within(momentum, Momentum, momentum is > 0 and < 1, "above 0 and below 1");
        return momentum;
    }

    private static void Within(double value, Option option, bool holds, string range)
    {
        if (!holds)
            throw new UsageException(FormattableString.Invariant($"{option.Name}: {value} is out of range; it must be {range}."));
    }
}
