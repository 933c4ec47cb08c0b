namespace Sema.Onnx.Graphs.Passes;

/// <summary>A small tensor of integers or conditions (true is 1) that is known before anything runs.</summary>
/// <param name="Sizes">Its shape.</param>
/// <param name="Elements">Its elements, row by row.</param>
/// <remarks>Every operation gives <see langword="null"/> where its arguments do not fit or the result has more than <see cref="Most"/> elements.</remarks>
internal sealed record Integers(long[] Sizes, long[] Elements)
{
    /// <summary>The most elements that are worth knowing: sizes, pads and axes have few, tables of indices stay nodes.</summary>
    internal const long Most = 4096;

    /// <summary>Gets a scalar.</summary>
    internal static Integers Scalar(long element) => new([], [element]);

    /// <summary>Gets a vector.</summary>
    internal static Integers? Vector(long[] elements) => elements.Length <= Most ? new([elements.Length], elements) : null;

    /// <summary>Computes each element from its place.</summary>
    internal static Integers? Build(long[] sizes, Func<long[], long> element)
    {
        if (Count(sizes) is not { } count)
            return null;
        var (elements, place) = (new long[count], new long[sizes.Length]);
        for (var i = 0; i < count; i++)
        {
            elements[i] = element(place);
            for (var axis = sizes.Length - 1; axis >= 0 && ++place[axis] == sizes[axis]; axis--)
                place[axis] = 0;
        }

        return new(sizes, elements);
    }

    /// <summary>Computes each element from those that broadcast to its place.</summary>
    internal static Integers? Broadcast(Integers?[] x, Func<long[], long> op)
    {
        long[]? sizes = [];
        foreach (var part in x)
            sizes = part is null || sizes is null ? null : Common(sizes, part.Sizes);
        return sizes is null ? null : Build(sizes, place => op([.. x.Select(part => part!.At(place))]));
    }

    /// <summary>Puts tensors one after the other along an axis.</summary>
    internal static Integers? Join(Integers?[] parts, long axis)
    {
        if (parts is [] || parts.Contains(null) || Axis(axis, parts[0]!.Sizes.Length) is not { } along || !parts.All(p => Fits(p!.Sizes)))
            return null;
        long[] sizes = [.. parts[0]!.Sizes];
        sizes[along] = parts.Sum(p => p!.Sizes[along]);
        return Build(sizes, place =>
        {
            var (part, within) = (0, place[along]);
            while (within >= parts[part]!.Sizes[along])
                within -= parts[part++]!.Sizes[along];
            return parts[part]!.At(With(place, along, within));
        });

        bool Fits(long[] other) => other.Length == parts[0]!.Sizes.Length && With(other, along, 0).SequenceEqual(With(parts[0]!.Sizes, along, 0));
    }

    /// <summary>Applies a function to each element.</summary>
    internal Integers Map(Func<long, long> op) => new(Sizes, [.. Elements.Select(op)]);

    /// <summary>Gives the elements another shape; -1 is what remains, 0 the size that was there.</summary>
    internal Integers? Reshape(long[] wanted)
    {
        long[] sizes = [.. wanted.Select((size, axis) => size == 0 && axis < Sizes.Length ? Sizes[axis] : size)];
        var rest = sizes.Where(size => size != -1).Aggregate(1L, (n, size) => n * size);
        if (Array.IndexOf(sizes, -1) is >= 0 and var open)
            sizes[open] = rest == 0 ? 0 : Elements.Length / rest;
        return Count(sizes) == Elements.Length ? new(sizes, Elements) : null;
    }

    /// <summary>Permutes the axes.</summary>
    internal Integers? Transpose(long[] permutation) => permutation.Order().SequenceEqual(Enumerable.Range(0, Sizes.Length).Select(axis => (long)axis))
        ? Build([.. permutation.Select(axis => Sizes[axis])], place => At([.. Enumerable.Range(0, Sizes.Length).Select(axis => place[Array.IndexOf(permutation, axis)])]))
        : null;

    /// <summary>Takes every <paramref name="step"/>th element along an axis, as the operator Slice counts.</summary>
    internal Integers? Slice(long axis, long start, long end, long step)
    {
        if (Axis(axis, Sizes.Length) is not { } along || step == 0)
            return null;
        var size = Sizes[along];
        step = Math.Clamp(step, -size - 1, size + 1);
        var (first, last) = step > 0 ? (Place(start, 0, size), Place(end, 0, size)) : (Place(start, 0, size - 1), Place(end, -1, size - 1));
        var count = size == 0 ? 0 : Math.Max(0, (last - first + step - Math.Sign(step)) / step);
        return Build(With(Sizes, along, count), place => At(With(place, along, first + place[along] * step)));

        long Place(long place, long least, long most) => Math.Max(Math.Min(place < 0 ? place + size : place, most), least);
    }

    /// <summary>Takes the slabs of an axis that indices name.</summary>
    internal Integers? Gather(Integers indices, long axis)
    {
        if (Axis(axis, Sizes.Length) is not { } along || indices.Elements.Any(i => i < -Sizes[along] || i >= Sizes[along]))
            return null;
        var behind = along + indices.Sizes.Length;
        return Build([.. Sizes[..along], .. indices.Sizes, .. Sizes[(along + 1)..]], place =>
        {
            var index = indices.At(place[along..behind]);
            return At([.. place[..along], index < 0 ? index + Sizes[along] : index, .. place[behind..]]);
        });
    }

    /// <summary>Gets the shape to which two shapes broadcast, or <see langword="null"/> where they do not.</summary>
    internal static long[]? Common(long[] a, long[] b)
    {
        var rank = Math.Max(a.Length, b.Length);
        var pairs = Enumerable.Range(0, rank).Select(axis => (A: Size(a, axis), B: Size(b, axis))).ToList();
        return pairs.TrueForAll(p => p.A == p.B || p.A == 1 || p.B == 1) ? [.. pairs.Select(p => p.A == 1 ? p.B : p.A)] : null;

        long Size(long[] sizes, int axis) => axis + sizes.Length < rank ? 1 : sizes[axis + sizes.Length - rank];
    }

    private static int? Axis(long axis, int rank) => axis >= -rank && axis < rank ? (int)(axis < 0 ? axis + rank : axis) : null;

    // The element at a place of a shape to which this one broadcasts.
    private long At(long[] place)
    {
        var (offset, leading) = (0L, place.Length - Sizes.Length);
        for (var axis = 0; axis < Sizes.Length; axis++)
            offset = offset * Sizes[axis] + (Sizes[axis] == 1 ? 0 : place[leading + axis]);
        return Elements[offset];
    }

    private static long[] With(long[] list, int position, long item)
    {
        long[] changed = [.. list];
        changed[position] = item;
        return changed;
    }

    private static long? Count(long[] sizes)
    {
        var count = 1L;
        foreach (var size in sizes)
        {
            if (size is < 0 or > Most || (count *= size) > Most)
                return null;
        }

        return count;
    }
}
