using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Fourier transforms; complex numbers are the two elements of the last axis.</summary>
internal static class Spectral
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // Y = F X:  dX = Fᴴ dY, of real X the real part
        ["DFT"]  = Of([Transform]).When(y => IsKnown(y, 1, 2) && Axis(y) is { } axis && Size(y[0], axis) is not null && !(IsOneSided(y) && IsInverse(y))),
        // Y[f] = F (w · X[f s + …]):  frames Fᴴ dY of the signal's gradient, added up where they overlap. The runtime's window over complex
        // signals is none of the standard's.
        ["STFT"] = Of([Signal, null, Window]).When(y => IsKnown(y, 1, 3) && y[0].Shape is { Rank: 3 } && Size(y.Output, 1) is not null && Length(y) is not null
            && (Size(y[0], 2) == 1 || y.Optional(2) is null)),
    };
#pragma warning restore format

    private static bool IsKnown(Node y, params int[] inputs) => inputs.All(i => y.Optional(i) is null or { Initializer: not null });

    private static bool IsOneSided(Node y) => y.Int("onesided", y.OpType == "STFT" ? 1 : 0) != 0;

    private static bool IsInverse(Node y) => y.Int("inverse", 0) != 0;

    private static long? Size(Value x, int axis) => x.Shape is { } shape && shape[axis].IsKnown ? shape[axis].Size : null;

    private static int? Axis(Node y) => y[0].Shape is { } shape
        ? (int)((y.Optional(2)?.Initializer!.ToInt64()[0] ?? -2) is var axis && axis < 0 ? axis + shape.Rank : axis)
        : null;

    private static Value Transform(Node y, Value dY)
    {
        var axis = (int)Axis(y)!;
        long size = (long)Size(y[0], axis)!, length = y.Optional(1)?.Initializer!.ToInt64()[0] ?? size;
        var whole = Adjoint(dY, y[0].Rank, axis, length, IsOneSided(y), IsInverse(y));
        return RealOrNot(y[0], Fitted(whole, y[0].Rank, axis, length, size));
    }

    // Without the factor 1/n that either direction has, the adjoint of the transform is the other direction.
    private static Value Adjoint(Value dY, int rank, int axis, long length, bool isOneSided, bool isInverse)
    {
        var whole = isOneSided ? Fitted(dY, rank, axis, length / 2 + 1, length) : dY;
        var turned = dY.Graph.Emit("DFT", [whole, null, dY.Graph.Integer(axis)], ("inverse", isInverse ? 0 : 1));
        return isInverse ? turned / length : turned * length;
    }

    // Zeros behind, or what is too much cut off.
    private static Value Fitted(Value x, int rank, int axis, long size, long wanted) => size == wanted ? x : x.Padded(rank, axis, 0, wanted - size);

    private static Value RealOrNot(Value x, Value dX) => Size(x, x.Rank - 1) == 1 ? dX.Slice(-1, 0, 1) : dX;

    private static long? Length(Node y) => y.Optional(3)?.Initializer!.ToInt64()[0] ?? (y.Optional(2) is { } window ? Size(window, 0) : null);

    // Fᴴ dY: [B, frames, length, 1 or 2]
    private static Value Frames(Node y, Value dY) => RealOrNot(y[0], Adjoint(dY, 4, 2, (long)Length(y)!, IsOneSided(y), isInverse: false));

    // The signal's place of each element of each frame: [frames, length].
    private static Value Places(Node y)
    {
        var (graph, step) = (y.Graph, y[1].Initializer!.ToInt64()[0]);
        long[] starts = [.. Enumerable.Range(0, (int)Size(y.Output, 1)!).Select(f => f * step)];
        return graph.Vector(starts).Unsqueeze(1) + graph.Vector([.. Enumerable.Range(0, (int)Length(y)!).Select(i => (long)i)]);
    }

    private static Value Signal(Node y, Value dY)
    {
        var frames = y.Optional(2) is { } window ? Frames(y, dY) * window.Unsqueeze(1) : Frames(y, dY);
        return y.Graph.Call("GatherGrad", [frames, Places(y), y[0].ShapeVector()], ("axis", 1));
    }

    private static Value Window(Node y, Value dY) => (Frames(y, dY) * y[0].Gather(Places(y), 1)).Sum([0, 1, 3], keep: false);
}
