using System.CommandLine;
using Sema.Onnx.Export;

namespace Sema.Onnx.Cli.Options;

/// <summary>--out, --kind, --alpha, --metric, --weights of `sema average`.</summary>
internal sealed class SoupFlags : OptionGroup
{
    private const string Uniform = "uniform", Greedy = "greedy", Interpolate = "interpolate";

    internal SoupFlags()
        : base("Average")
    {
        Out = Add(Flag.Text("--out", "OUT.onnx", "The new model file."));
        Kind = Add(Flag.Text("--kind", $"{Uniform}|{Greedy}|{Interpolate}", "uniform: the mean of all; greedy: the models from the best to the worst, each added if the mean does no worse with it; "
            + $"interpolate: (1-A) of the first and A of the second. [default: {Interpolate} with --alpha, else {Uniform}]"));
        Alphas = Add(Flag.Numbers("--alpha", "A[,A...]", "For interpolate: the second model's share, in [0, 1]; of several the best on --data is written. [default: 0.5]"));
        Metric = Add(Flag.Text("--metric", "accuracy|loss", "What is judged by. [default: accuracy for class targets, else loss]"));
        Weights = Add(Flag.Text("--weights", "averaged|online", "Of a run's folder that stands for a model: which weights, as `sema export` takes them. [default: averaged where the run has an average]"));
    }

    internal Option<string?> Out { get; }

    internal Option<string?> Kind { get; }

    internal Option<double[]> Alphas { get; }

    internal Option<string?> Metric { get; }

    internal Option<string?> Weights { get; }

    internal SoupMetric? Judge(ParseResult parse) => parse.GetValue(Metric) switch
    {
        null => null,
        "accuracy" => SoupMetric.Accuracy,
        "loss" => SoupMetric.Loss,
        var other => throw new UsageException($"--metric: '{other}' is not known; choose accuracy or loss."),
    };

    /// <summary>Averages as asked.</summary>
    /// <exception cref="UsageException">The options do not go together.</exception>
    internal SoupReport Run(ParseResult parse, string[] models, SoupOptions options, CancellationToken cancellation)
    {
        var output = parse.GetValue(Out) ?? throw new UsageException("--out is missing: name the model file to write.");
        var alphas = parse.GetValue(Alphas)!;
        var kind = parse.GetValue(Kind) ?? (alphas.Length > 0 ? Interpolate : Uniform);
        if (kind is not (Uniform or Greedy or Interpolate))
            throw new UsageException($"--kind: '{kind}' is not known; choose {Uniform}, {Greedy} or {Interpolate}.");
        if (models.Length < 2)
            throw new UsageException("There is nothing to average: name two models or more.");
        if (kind != Interpolate && alphas.Length > 0)
            throw new UsageException($"--alpha is for --kind {Interpolate}; a {kind} average has none.");
        if (kind == Interpolate && models.Length > 2)
            throw new UsageException($"--kind {Interpolate} goes between two models; {models.Length} are named.");
        if (options.Data is null && (kind == Greedy || alphas.Length > 1))
            throw new UsageException($"--data is missing: {(kind == Greedy ? "a greedy average needs samples to judge the models on" : "of several --alpha the samples tell the best")}, such as --data npz:FILE.");
        if (options.Data is null && options.Metric is not null)
            throw new UsageException("--metric judges on samples: give --data too.");
        return kind switch
        {
            Greedy => ModelSoup.Greedy(models, output, options, cancellation),
            Interpolate => ModelSoup.Interpolate(models[0], models[1], alphas.Length > 0 ? alphas : [0.5], output, options, cancellation),
            _ => ModelSoup.Uniform(models, output, options, cancellation),
        };
    }
}
