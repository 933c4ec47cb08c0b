using System.CommandLine;
using Sema.Onnx.Graphs.Optimizers;

namespace Sema.Onnx.Cli.Options;

/// <summary>--optimizer, --lr, --weight-decay and kin.</summary>
internal sealed class OptimizerOptions : OptionGroup
{
    private const double RecordedRate = 1e-3, UsualMomentum = 0.9;
    private const string ScheduleFree = "schedule-free-", Standard = "adamw";

    /// <summary>The optimizers, each with a learning rate to fine-tune with.</summary>
    private static readonly Dictionary<string, double> Rates = new()
    {
        ["sgd"] = 1e-3,
        ["momentum"] = 1e-3,
        ["nesterov"] = 1e-3,
        ["adam"] = 1e-4,
        [Standard] = 1e-4,
        ["adagrad"] = 1e-3,
        ["rmsprop"] = 1e-4,
        ["nadam"] = 1e-4,
        ["radam"] = 1e-4,
        ["adabelief"] = 1e-4,
        ["adan"] = 3e-4,
        ["adamp"] = 1e-4,
        ["sgdp"] = 1e-3,
        ["lamb"] = 1e-3,
        ["lars"] = 0.1,
        ["lion"] = 1e-5,
        ["adafactor"] = 1e-3,
        ["admetas"] = 2e-5,
        ["admetar"] = 1e-4,
        [ScheduleFree + "sgd"] = 1e-2,
        [ScheduleFree + "adamw"] = 3e-4,
    };

    private readonly bool _replays;
    private readonly Dictionary<Option, (Func<double, bool> Holds, string Range)> _ranges = [];

    /// <param name="replays">Whether a recorded trajectory is replayed: its defaults are the recorder's, and it takes plain steps.</param>
    internal OptimizerOptions(bool replays = false)
        : base("Optimizer")
    {
        _replays = replays;
        string[] names = [.. Names];
        Kind = Add(Flag.Choice("--optimizer", $"How weights move, each as in its paper or PyTorch (docs/optimizers.md): {string.Join(", ", names[..^1])} or {names[^1]}.", Standard, names));
        Kind.HelpName = "NAME";
        Rate = Add(Flag.Number("--lr", "RATE", replays ? "The learning rate. [default: 0.001]"
            : "The learning rate. [default: one for fine-tuning, 0.0001 with adam, adamw and most of their kin, 0.001 with sgd, momentum and nesterov]"));
        WeightDecay = Add(Flag.Number("--weight-decay", "D", "How strongly weights are pulled to 0; decoupled in adamw.", 0.01));
        Momentum = Share("--momentum", "M", "For momentum, nesterov, lars and sgdp, 0.9 by default, and for rmsprop, 0.");
        Beta1 = Share("--beta1", "B", "Decay of the gradient's mean; of the momentum in lion and admetas; the average's part in schedule-free. [default: the paper's, mostly 0.9]");
        Beta2 = Share("--beta2", "B", "Decay of the squared gradient's mean. [default: the paper's, mostly 0.999]");
        Beta3 = Share("--beta3", "B", "For adan, whose decays are those of the gradient, its differences and its square. [default: 0.99]");
        Epsilon = Number("--epsilon", "E", "What is added to a root before it divides. [default: the paper's, mostly 1e-8]", e => e > 0, "above 0");
        Alpha = Share("--alpha", "A", "For rmsprop: decay of the squared gradient's mean. [default: 0.99]");
        Centered = Add(Flag.Switch("--centered", "For rmsprop: divide by the gradient's deviation from its mean."));
        Lambda = Number("--lambda", "L", "For admetas and admetar: decay of the double average. [default: 0.9 and 0.2]", l => l is > 0 and < 1, "in (0, 1)");
        Trust = Number("--trust", "T", "For lars: a step's length in that of the weights, before --lr. [default: 0.001]", t => t > 0, "above 0");
        Delta = Number("--delta", "D", "For adamp and sgdp: the greater, the more weights count as scale-invariant. [default: 0.1]", d => d >= 0, "at least 0");
        NoDecayOnVectors = Flag.Switch("--no-decay-on-vectors", "No weight decay on biases, scales and other vectors.");
        ClipNorm = Flag.Number("--clip-norm", "N", "Scale the gradient down to this L2 norm where it is longer. [default: no limit]");
        Accumulate = Flag.Integer("--accumulate", "N", "Batches that make one optimizer step.", 1, 1);
        if (replays)
            return;
        Add(NoDecayOnVectors);
        Add(ClipNorm);
        Add(Accumulate);
    }

    /// <summary>Gets the names of all optimizers.</summary>
    internal static IReadOnlyCollection<string> Names => Rates.Keys;

    internal Option<string> Kind { get; }

    internal Option<double?> Rate { get; }

    internal Option<double> WeightDecay { get; }

    internal Option<double?> Momentum { get; }

    internal Option<double?> Beta1 { get; }

    internal Option<double?> Beta2 { get; }

    internal Option<double?> Beta3 { get; }

    internal Option<double?> Epsilon { get; }

    internal Option<double?> Alpha { get; }

    internal Option<bool> Centered { get; }

    internal Option<double?> Lambda { get; }

    internal Option<double?> Trust { get; }

    internal Option<double?> Delta { get; }

    internal Option<bool> NoDecayOnVectors { get; }

    internal Option<double?> ClipNorm { get; }

    internal Option<int> Accumulate { get; }

    internal double LearningRate(ParseResult parse) => parse.GetValue(Rate) ?? (_replays ? RecordedRate : Rates[parse.GetValue(Kind)!]);

    /// <summary>Gets whether the optimizer keeps an average of its own, which the weights are made from.</summary>
    internal bool KeepsAverage(ParseResult parse) => parse.GetValue(Kind)!.StartsWith(ScheduleFree, StringComparison.Ordinal);

    /// <summary>Gets the values in effect of the options whose defaults depend on others.</summary>
    internal IEnumerable<(Option Option, object Value)> Resolved(ParseResult parse)
    {
        List<(Option, object)> used = [(Rate, LearningRate(parse))];
        Bind(parse, (option, value) => used.Add((option, value)));
        return used;
    }

    /// <exception cref="UsageException">A value is out of range, or of no use to the optimizer.</exception>
    internal Optimizer Bind(ParseResult parse)
    {
        var used = new HashSet<Option>();
        var optimizer = Bind(parse, (option, _) => used.Add(option));
        if (_ranges.Keys.FirstOrDefault(o => parse.GetResult(o) is { Implicit: false } && !used.Contains(o)) is { } idle)
            throw new UsageException($"{idle.Name}: {parse.GetValue(Kind)} has no use for it; leave it out, or choose another --optimizer.");
        return optimizer;
    }

    private Optimizer Bind(ParseResult parse, Action<Option, double> used)
    {
        var decay = parse.GetValue(WeightDecay);
        if (decay < 0)
            throw OutOfRange(decay, WeightDecay, "at least 0");
        return Chosen(parse.GetValue(Kind)!) with { WeightDecay = decay };

        Optimizer Chosen(string kind) => kind switch
        {
            "sgd" => new Sgd(),
            "momentum" => new Sgd { Momentum = Velocity() },
            "nesterov" => new Sgd { Momentum = Velocity(), Nesterov = true },
            "adam" => Moments(new Adam()),
            "adagrad" => With(new Adagrad(), o => o with { Epsilon = Given(Epsilon, o.Epsilon) }),
            "rmsprop" => With(new RmsProp(), o => o with
            {
                Alpha = Given(Alpha, o.Alpha),
                Epsilon = Given(Epsilon, o.Epsilon),
                Momentum = Given(Momentum, o.Momentum),
                Centered = parse.GetValue(Centered),
            }),
            "nadam" => Moments(new NAdam()),
            "radam" => Moments(new RAdam()),
            "adabelief" => Moments(new AdaBelief()),
            "adan" => With(new Adan(), o => o with
            {
                Beta1 = Given(Beta1, o.Beta1),
                Beta2 = Given(Beta2, o.Beta2),
                Beta3 = Given(Beta3, o.Beta3),
                Epsilon = Given(Epsilon, o.Epsilon),
            }),
            "adamp" => Moments(With(new AdamP(), o => o with { Delta = Given(Delta, o.Delta) })),
            "sgdp" => With(new SgdP(), o => o with { Momentum = Given(Momentum, o.Momentum), Delta = Given(Delta, o.Delta) }),
            "lamb" => Moments(new Lamb()),
            "lars" => With(new Lars(), o => o with { Momentum = Given(Momentum, o.Momentum), Trust = Given(Trust, o.Trust) }),
            "lion" => With(new Lion(), o => o with { Beta1 = Given(Beta1, o.Beta1), Beta2 = Given(Beta2, o.Beta2) }),
            "adafactor" => new Adafactor(),
            "admetas" => With(new AdmetaS(), o => o with { Beta = Given(Beta1, o.Beta), Lambda = Given(Lambda, o.Lambda) }),
            "admetar" => Moments(With(new AdmetaR(), o => o with { Lambda = Given(Lambda, o.Lambda) })),
            ScheduleFree + "sgd" => With(new ScheduleFreeSgd(), o => o with { Beta = Given(Beta1, o.Beta) }),
            ScheduleFree + "adamw" => Moments(new ScheduleFreeAdamW()),
            _ => Moments(new AdamW()),
        };

        Optimizer Moments(Adam o) => o with { Beta1 = Given(Beta1, o.Beta1), Beta2 = Given(Beta2, o.Beta2), Epsilon = Given(Epsilon, o.Epsilon) };

        double Velocity()
        {
            var momentum = Given(Momentum, UsualMomentum);
            return momentum > 0 ? momentum : throw OutOfRange(momentum, Momentum, "above 0 and below 1");
        }

        double Given(Option<double?> option, double standard)
        {
            var value = parse.GetValue(option) ?? standard;
            var (holds, range) = _ranges[option];
            if (!holds(value))
                throw OutOfRange(value, option, range);
            used(option, value);
            return value;
        }

        static T With<T>(T standard, Func<T, T> change) => change(standard);
    }

    private Option<double?> Share(string name, string value, string description) => Number(name, value, description, v => v is >= 0 and < 1, "in [0, 1)");

    private Option<double?> Number(string name, string value, string description, Func<double, bool> holds, string range)
    {
        var option = Add(Flag.Number(name, value, description));
        _ranges[option] = (holds, range);
        return option;
    }

    private static UsageException OutOfRange(double value, Option option, string range) =>
        new(FormattableString.Invariant($"{option.Name}: {value} is out of range; it must be {range}."));
}
