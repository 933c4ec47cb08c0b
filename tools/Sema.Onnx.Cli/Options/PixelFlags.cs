using System.CommandLine;
using Sema.Onnx.Data;

namespace Sema.Onnx.Cli.Options;

/// <summary>--scale, --mean, --std, --channels, --resize: how pixels become the model's input.</summary>
internal sealed class PixelFlags : OptionGroup
{
    internal PixelFlags()
        : base("Pixels: the model reads (x / scale - mean) / std")
    {
        Scale = Add(Flag.Number("--scale", "S", "What pixels are divided by. [default: 255 for images, 1 for other arrays]"));
        Mean = Add(Flag.Numbers("--mean", "A[,B,C]", "What is subtracted then, one number or one a channel. [default: 0]"));
        Std = Add(Flag.Numbers("--std", "A[,B,C]", "What is divided by last, one number or one a channel. [default: 1]"));
        Channels = Add(Flag.Choice("--channels", "The order of the model's colours.", "rgb", "rgb", "bgr"));
        Resize = Add(Flag.Integer("--resize", "N", "Resize images to N x N pixels. [default: the model's own size]"));
    }

    internal Option<double?> Scale { get; }

    internal Option<double[]> Mean { get; }

    internal Option<double[]> Std { get; }

    internal Option<string> Channels { get; }

    internal Option<long?> Resize { get; }

    internal PixelOptions Bind(ParseResult parse) => new()
    {
        Scale = parse.GetValue(Scale),
        Mean = parse.GetValue(Mean)!,
        Std = parse.GetValue(Std)!,
        Channels = parse.GetValue(Channels) == "bgr" ? ChannelOrder.Bgr : ChannelOrder.Rgb,
        Resize = (int?)parse.GetValue(Resize),
    };
}
