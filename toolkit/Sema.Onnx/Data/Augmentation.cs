namespace Sema.Onnx.Data;

/// <summary>Random changes to training images, drawn anew for each epoch. Only images can be augmented.</summary>
/// <param name="Crop">Shifts an image by up to 1/8 of its height and width each way; black moves in.</param>
/// <param name="Flip">Mirrors left and right with probability 1/2.</param>
public sealed record Augmentation(bool Crop, bool Flip)
{
    /// <summary>Leaves the images alone.</summary>
    public static Augmentation None { get; } = new(Crop: false, Flip: false);

    /// <summary>Reads a comma-separated list.</summary>
    /// <param name="text">Any of <c>crop</c> and <c>flip</c>, such as <c>crop,flip</c>; <c>none</c> or nothing for
    /// none.</param>
    /// <returns>What was named.</returns>
    /// <exception cref="DataException">The list names something else.</exception>
    public static Augmentation Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var result = None;
        foreach (var name in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            result = name switch
            {
                "crop" => result with { Crop = true },
                "flip" => result with { Flip = true },
                "none" => result,
                _ => throw new DataException($"Unknown augmentation '{name}'; known are crop, flip and none, such " +
                    "as --augment crop,flip."),
            };
        }

        return result;
    }
}
