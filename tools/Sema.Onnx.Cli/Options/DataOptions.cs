using System.CommandLine;
using System.Globalization;
using Sema.Onnx.Data;

namespace Sema.Onnx.Cli.Options;

/// <summary>--data, --eval-data, --input, --limit, --augment, --label-noise.</summary>
internal sealed class DataOptions : OptionGroup
{
    internal DataOptions(bool training)
        : base("Data")
    {
        Data = Add(Flag.Text("--data", "SPEC",
            "Where the samples are: mnist, fashion-mnist, idx:DIR, cifar10:DIR, npz:FILE or npz:DIR (train.npz and test.npz with arrays target and input, or one by the name of each of the model's inputs)."));
        EvalData = Flag.Text("--eval-data", "SPEC", "Another data set to evaluate on. [default: the test part of --data]");
        Augment = Flag.Text("--augment", "LIST", "Random changes to training images: crop, flip, or crop,flip. [default: none]");
        Inputs = Add(Flag.Texts("--input", "NAME=VALUE", "A model input that is one number for all samples, such as sr=16000 or state=0; may be repeated."));
        Noise = Flag.Number("--label-noise", "P", "Replace each training label with probability P by another class, each equally likely; the same labels in every epoch. Needs class targets.", 0.0);
        if (training)
        {
            Add(EvalData);
            Add(Augment);
            Add(Noise);
        }

        Limit = Add(Flag.Integer("--limit", "N", "Use only the first N samples of each part, for a quick try."));
    }

    internal Option<string?> Data { get; }

    internal Option<string?> EvalData { get; }

    internal Option<string?> Augment { get; }

    internal Option<double> Noise { get; }

    internal Option<string[]> Inputs { get; }

    internal Option<long?> Limit { get; }

    /// <summary>Loads what is trained on and what is evaluated on.</summary>
    internal DataSplit Load(ParseResult parse)
    {
        var data = DataSpec.Load(parse.GetValue(Data) ?? throw new UsageException("--data is missing: say where the samples are, such as --data npz:FILE or --data mnist."));
        var other = parse.GetResult(EvalData) is null ? null : parse.GetValue(EvalData) is { } spec ? DataSpec.Load(spec) : null;
        var test = other is null ? data.Test : other.Test ?? other.Train;
        return new(Seen(data.Train)!, Seen(test));

        IDataset? Seen(IDataset? part) => part is null ? null
            : Numbers(parse).Aggregate(parse.GetValue(Limit) is { } limit ? part.First((int)limit) : part, (rest, input) => rest.WithConstant(input.Name, input.Value));
    }

    private IEnumerable<(string Name, double Value)> Numbers(ParseResult parse) => parse.GetValue(Inputs)!.Select(text =>
    {
        var end = text.LastIndexOf('=');
        if (end < 1)
            throw new UsageException($"--input: '{text}' names no input and number; write NAME=VALUE, such as sr=16000.");
        return double.TryParse(text.AsSpan(end + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? (text[..end], value)
            : throw new UsageException($"--input {text}: '{text[(end + 1)..]}' is no number, such as 16000 or 0.5.");
    });

    internal double LabelNoise(ParseResult parse)
    {
        var share = parse.GetValue(Noise);
        return share is >= 0 and <= 1 ? share : throw new UsageException($"--label-noise: {share} is out of range; a probability is in [0, 1].");
    }

    internal Augmentation Augmentation(ParseResult parse) => parse.GetValue(Augment) is { } text ? Onnx.Data.Augmentation.Parse(text) : Onnx.Data.Augmentation.None;

    /// <summary>Makes the path of a data set absolute, so that it is found from anywhere.</summary>
    internal static string Absolute(string spec)
    {
        var parsed = DataSpec.Parse(spec);
        return parsed.Path is { } path ? $"{parsed.Kind}:{Path.GetFullPath(path)}" : parsed.Kind;
    }
}
