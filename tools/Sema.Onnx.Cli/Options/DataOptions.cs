using System.CommandLine;
using Sema.Onnx.Data;

namespace Sema.Onnx.Cli.Options;

/// <summary>--data, --eval-data, --limit, --augment.</summary>
internal sealed class DataOptions : OptionGroup
{
    internal DataOptions(bool training)
        : base("Data")
    {
        Data = Add(Flag.Text("--data", "SPEC",
            "Where the samples are: mnist, fashion-mnist, idx:DIR, cifar10:DIR, npz:FILE or npz:DIR (train.npz and test.npz with arrays input and target)."));
        EvalData = Flag.Text("--eval-data", "SPEC", "Another data set to evaluate on. [default: the test part of --data]");
        Augment = Flag.Text("--augment", "LIST", "Random changes to training images: crop, flip, or crop,flip. [default: none]");
        if (training)
        {
            Add(EvalData);
            Add(Augment);
        }

        Limit = Add(Flag.Integer("--limit", "N", "Use only the first N samples of each part, for a quick try."));
    }

    internal Option<string?> Data { get; }

    internal Option<string?> EvalData { get; }

    internal Option<string?> Augment { get; }

    internal Option<long?> Limit { get; }

    /// <summary>Loads what is trained on and what is evaluated on.</summary>
    internal DataSplit Load(ParseResult parse)
    {
        var data = DataSpec.Load(parse.GetValue(Data) ?? throw new UsageException("--data is missing: say where the samples are, such as --data npz:FILE or --data mnist."));
        var other = parse.GetResult(EvalData) is null ? null : parse.GetValue(EvalData) is { } spec ? DataSpec.Load(spec) : null;
        var test = other is null ? data.Test : other.Test ?? other.Train;
        return parse.GetValue(Limit) is { } limit ? new(data.Train.First((int)limit), test?.First((int)limit)) : new(data.Train, test);
    }

    internal Augmentation Augmentation(ParseResult parse) => parse.GetValue(Augment) is { } text ? Onnx.Data.Augmentation.Parse(text) : Onnx.Data.Augmentation.None;

    /// <summary>Makes the path of a data set absolute, so that it is found from anywhere.</summary>
    internal static string Absolute(string spec)
    {
        var parsed = DataSpec.Parse(spec);
        return parsed.Path is { } path ? $"{parsed.Kind}:{Path.GetFullPath(path)}" : parsed.Kind;
    }
}
