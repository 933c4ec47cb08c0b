using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Transforms;

/// <summary>Chooses how a data set's samples become a model's input.</summary>
internal static class Preprocessing
{
    /// <summary>Finds the way from a stored sample to what the model takes; <see cref="PixelOptions"/> says what is
    /// done to images.</summary>
    /// <param name="sample">The type and shape of one stored sample.</param>
    /// <param name="model">What the model takes.</param>
    /// <param name="options">How values are normalised.</param>
    /// <returns>The transformation. Arrays that are no images keep their shape and are converted by value.</returns>
    /// <exception cref="DataException">The shapes do not fit each other, or an option is out of range.</exception>
    internal static ISampleTransform For(ArraySpec sample, ModelInput model, PixelOptions options)
    {
        var isPixels = model.Type.IsFloat() || model.Type == ElementType.UInt8;
        if (isPixels && ImageShape.Of(sample) is { } image && !IsPlainArray(sample, model, options))
        {
            var plan = PixelPlan.Create(sample, image, model, options);
            return PixelLookup.Suits(plan) ? new PixelLookup(plan) : new PixelArithmetic(plan);
        }

        if (!model.Accepts(sample.Shape.AsSpan()))
            throw model.Mismatch(sample, "prepare the data in the model's shape");
        if (options.Resize is not null || options.Channels != ChannelOrder.Rgb)
            throw new DataException($"The data's samples are {sample}, which are no images for a model that takes " +
                $"{model}; leave out --resize and --channels.");
        if (!options.IsNormalizing)
            return new ValueTransform(sample, model.Type);
        if (!model.Type.IsFloat())
            throw new DataException($"The model takes {model}, which cannot hold normalised values; leave out " +
                "--scale, --mean and --std.");
        return new NormalizingTransform(sample, model.Type, new Normalization(options, channels: 1, defaultScale: 1));
    }

    /// <summary>Converts targets to the type that the loss takes, by value.</summary>
    /// <param name="target">The type and shape of one stored target.</param>
    /// <param name="type">The type that the loss takes; int64 for class labels.</param>
    internal static ISampleTransform ForTarget(ArraySpec target, ElementType type) => new ValueTransform(target, type);

    // Floating-point arrays that fit as they are may be anything; only an option that speaks of pixels makes them
    // images.
    private static bool IsPlainArray(ArraySpec sample, ModelInput model, PixelOptions options) =>
        sample.Type.IsFloat() && model.Accepts(sample.Shape.AsSpan()) &&
        options is { Resize: null, Channels: ChannelOrder.Rgb, Mean.Count: <= 1, Std.Count: <= 1 };
}
