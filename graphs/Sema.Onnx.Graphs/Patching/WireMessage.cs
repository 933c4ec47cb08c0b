namespace Sema.Onnx.Graphs.Patching;

/// <summary>A message in the file, with the one around it, whose length depends on its own. Two at one place are equal.</summary>
internal sealed class WireMessage(WireMessage? parent, WireField place) : IEquatable<WireMessage>
{
    public WireMessage? Parent { get; } = parent;

    /// <summary>Gets the field of the parent that holds this message.</summary>
    public WireField Place { get; } = place;

    /// <summary>Gets how many messages lie around this one.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    public bool Equals(WireMessage? other) => other?.Place == Place;

    public override bool Equals(object? obj) => Equals(obj as WireMessage);

    public override int GetHashCode() => Place.GetHashCode();
}
