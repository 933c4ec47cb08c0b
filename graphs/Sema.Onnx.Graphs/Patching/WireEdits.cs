namespace Sema.Onnx.Graphs.Patching;

/// <summary>The changes to a protobuf file; the lengths of the messages around a change follow by themselves.</summary>
internal sealed class WireEdits
{
    private readonly List<(Splice Splice, int Depth)> _edits = [];
    private readonly Dictionary<WireMessage, long> _growth = [];
    private readonly PriorityQueue<WireMessage, int> _grown = new();

    /// <summary>Replaces bytes that belong to <paramref name="message"/> itself by the parts, in their order.</summary>
    public void Replace(WireMessage message, long offset, long length, params ReadOnlyMemory<byte>[] parts)
    {
        _edits.Add((new(offset, length, parts), message.Depth));
        Grow(message, parts.Sum(part => (long)part.Length) - length);
    }

    /// <summary>Puts the parts where the first of the fields was (at the end, if none was) and drops the others.</summary>
    public void ReplaceFields(WireMessage message, IReadOnlyList<WireField> fields, params ReadOnlyMemory<byte>[] parts)
    {
        if (fields.Count == 0)
            Replace(message, message.Place.End, 0, parts);
        else
            Replace(message, fields[0].Tag, fields[0].End - fields[0].Tag, parts);
        foreach (var field in fields.Skip(1))
            Replace(message, field.Tag, field.End - field.Tag);
    }

    /// <summary>Corrects the lengths, innermost message first, and gives all changes in file order.</summary>
    /// <returns>The changes, and by how many bytes the file grows.</returns>
    public (IReadOnlyList<Splice> Splices, long Growth) Finish()
    {
        var total = 0L;
        while (_grown.TryDequeue(out var message, out _))
        {
            _growth.Remove(message, out var growth);
            var place = message.Place;
            if (message.Parent is not { } parent)
            {
                total = growth;
            }
            else if (growth != 0)
            {
                var length = new WireWriter().Number((ulong)(place.Length + growth)).Written;
                Replace(parent, place.Prefix, place.Start - place.Prefix, length);
                Grow(parent, growth);
            }
        }

        // At one offset the end of an inner message comes before the end of the message around it.
        return ([.. _edits.OrderBy(e => e.Splice.Offset).ThenByDescending(e => e.Depth).Select(e => e.Splice)], total);
    }

    private void Grow(WireMessage message, long growth)
    {
        if (_growth.TryAdd(message, growth))
            _grown.Enqueue(message, -message.Depth);
        else
            _growth[message] += growth;
    }
}
