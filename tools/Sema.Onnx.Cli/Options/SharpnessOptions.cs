using System.CommandLine;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary>--sam, --asam, --asam-eta.</summary>
internal sealed class SharpnessOptions : OptionGroup
{
    internal SharpnessOptions()
        : base("Sharpness-aware minimisation, around any optimizer: two gradients a step")
    {
        Sam = Add(Flag.Number("--sam", "RHO", "Take the gradient at a distance of RHO up the loss, such as 0.05. [default: off]"));
        Asam = Add(Flag.Number("--asam", "RHO", "The same, each weight's share growing with it, such as 0.5. [default: off]"));
        Eta = Add(Flag.Number("--asam-eta", "E", "For --asam: what is added to a weight's size.", 0.01));
    }

    internal Option<double?> Sam { get; }

    internal Option<double?> Asam { get; }

    internal Option<double> Eta { get; }

    internal SharpnessAware? Bind(ParseResult parse) => (parse.GetValue(Sam), parse.GetValue(Asam)) switch
    {
        (null, null) => null,
        ({ } rho, null) => new() { Rho = Within(rho, Sam) },
        (null, { } rho) => new() { Rho = Within(rho, Asam), Adaptive = true, Eta = parse.GetValue(Eta) },
        _ => throw new UsageException("--sam and --asam exclude each other: choose one."),
    };

    private static double Within(double rho, Option option) => rho > 0 ? rho
        : throw new UsageException(FormattableString.Invariant($"{option.Name}: {rho} is out of range; it must be above 0, such as 0.05."));
}
