namespace Sema.Onnx.Graphs.Patching;

/// <summary>Turns a patch into changes of the model file's bytes.</summary>
internal sealed class GraphEditor(WireReader reader, ModelIndex index, ExternalData external, WireEdits edits)
{
    /// <summary>Gives a tensor new values in its own kind of encoding.</summary>
    /// <returns>Whether its dimensions changed.</returns>
    public bool Tensor(string name, TensorPatch patch)
    {
        var (message, _, _, form) = index.Tensor(name);
        if (form is not null)
            return Constant(name, message, form, patch);

        var encoding = TensorEncoding.For(name, reader.Integer(message, TensorField.DataType), patch.Dims, patch.Data);
        var resized = Dims(message, patch.Dims);
        var raw = reader.Messages(message, TensorField.RawData).Select(m => m.Place).ToList();
        var typed = Numbers(message, encoding.Field, encoding).Where(f => f.Length > 0).ToList();
        if (raw.Count > 0 && typed.Count > 0)
            throw new ModelPatchException(
                $"Tensor '{name}' holds its values twice, as raw and as typed data; "
                + "write the model anew with only one.", name);
        if (external.Holds(message))
            external.Write(name, message, patch.Data, edits);
        else if (typed.Count > 0)
            Overwrite(message, encoding.Field, typed, encoding, patch.Data);
        else if (raw.Count > 0 && raw[^1].Length == patch.Data.Length)
            edits.Replace(message, raw[^1].Start, raw[^1].Length, patch.Data); // of several the last one counts
        else if (raw.Count > 0 || patch.Data.Length > 0)
            edits.ReplaceFields(message, raw, RawHeader(patch.Data.Length), patch.Data);
        return resized;
    }

    /// <summary>Gives all declarations of a value another shape.</summary>
    public void Shape(string name, IReadOnlyList<long?> dims)
    {
        if (dims.Any(d => d < 0))
            throw new ModelPatchException(
                $"Value '{name}' is given the shape [{string.Join(", ", dims)}]; no dimension may be negative.", name);
        var values = index.Values(name).ToList();
        if (values.Count == 0)
            throw new ModelPatchException(
                $"The model's graph declares no input, output or intermediate value '{name}'; "
                + "leave its shape out of the patch.", name);
        foreach (var value in values)
        {
            var tensors = reader.Messages(value, 2).SelectMany(type => reader.Messages(type, 1));
            var shapes = tensors.SelectMany(tensor => reader.Messages(tensor, 2)).ToList();
            var declared = shapes.SelectMany(shape => reader.Messages(shape, 1)).ToList();
            if (shapes.Count > 0 && declared.Count != dims.Count)
                throw new ModelPatchException(
                    $"Value '{name}' has {declared.Count} dimensions, and its new shape {dims.Count}; "
                    + "the number must stay.", name);
            foreach (var (dimension, size) in declared.Zip(dims))
                Dimension(dimension, size);
        }
    }

    /// <summary>Appends an initializer to the graph.</summary>
    public void Add(string name, AddedInitializer added)
    {
        if (name.Length == 0 || index.IsTaken(name))
            throw new ModelPatchException(
                $"The model cannot take another tensor '{name}': the name is {(name.Length == 0 ? "empty" : "taken")}; "
                + "choose a new one.", name);
        if (index.Graph is not { } graph)
            throw new ModelPatchException(
                $"The model file has no graph that could take the tensor '{name}'; is it an ONNX file?", name);
        TensorEncoding.For(name, added.ElementType, added.Dims, added.Data);
        var dims = DimsField(added.Dims, packed: false);
        var fields = new WireWriter()
            .Integer(TensorField.DataType, added.ElementType)
            .String(TensorField.Name, name).Written;
        var raw = RawHeader(added.Data.Length);
        var length = (long)dims.Length + fields.Length + raw.Length + added.Data.Length;
        var header = new WireWriter().Tag(5, WireType.Bytes).Number((ulong)length).Written;
        edits.Replace(graph, graph.Place.End, 0, header, dims, fields, raw, added.Data);
    }

    private bool Constant(string name, WireMessage attribute, ConstantForm form, TensorPatch patch)
    {
        var encoding = TensorEncoding.For(name, form.ElementType, patch.Dims, patch.Data);
        if (patch.Dims.Count != form.Rank)
            throw new ModelPatchException(
                $"Constant '{name}' has {form.Rank} dimensions by its attribute's form, and the patch {patch.Dims.Count}; "
                + "the number must stay.", name);
        var fields = Numbers(attribute, form.Field, encoding).ToList();
        var count = encoding.Element == WireType.Varint
            ? reader.Integers(fields).Count()
            : fields.Sum(f => f.Length) / encoding.Unit;
        Overwrite(attribute, form.Field, fields, encoding, patch.Data);
        return form.Rank == 1 && count != patch.Dims[0];
    }

    private bool Dims(WireMessage tensor, IReadOnlyList<long> dims)
    {
        var fields = Numbers(tensor, TensorField.Dims, TensorEncoding.Int64).ToList();
        if (reader.Integers(fields).SequenceEqual(dims))
            return false;
        var packed = fields.Any(f => f.Type == WireType.Bytes);
        edits.ReplaceFields(tensor, fields, DimsField(dims, packed));
        return true;
    }

    /// <summary>The occurrences of a repeated number field, packed or not.</summary>
    private IEnumerable<WireField> Numbers(WireMessage message, int number, TensorEncoding encoding) =>
        reader.Fields(message)
            .Where(f => f.Number == number && (f.Type == WireType.Bytes || f.Type == encoding.Element));

    /// <summary>
    /// Numbers of fixed width whose count stays are overwritten where they lie, however they are split; others are
    /// encoded anew.
    /// </summary>
    private void Overwrite(
        WireMessage message, int number, IReadOnlyList<WireField> fields, TensorEncoding encoding, ReadOnlyMemory<byte> data)
    {
        if (encoding.Element == WireType.Varint || fields.Sum(f => f.Length) != data.Length)
        {
            var packed = fields.Any(f => f.Type == WireType.Bytes);
            var encoded = new WireWriter().Repeated(number, encoding.Element, packed, encoding.Units(data)).Written;
            edits.ReplaceFields(message, fields, encoded);
            return;
        }
        foreach (var field in fields)
        {
            edits.Replace(message, field.Start, field.Length, data[..(int)field.Length]);
            data = data[(int)field.Length..];
        }
    }

    private void Dimension(WireMessage dimension, long? size)
    {
        var fields = reader.Fields(dimension).Where(f => f.Number is 1 or 2).ToList(); // dim_value or dim_param
        var isSame = fields.Count > 0 && fields[^1].Number == 1 && fields[^1].Value == (ulong?)size;
        if (size is { } known && !isSame)
            edits.ReplaceFields(dimension, fields, new WireWriter().Integer(1, known).Written);
    }

    private static ReadOnlyMemory<byte> DimsField(IReadOnlyList<long> dims, bool packed) =>
        new WireWriter().Repeated(TensorField.Dims, WireType.Varint, packed, dims.Select(d => (ulong)d)).Written;

    private static ReadOnlyMemory<byte> RawHeader(int length) =>
        new WireWriter().Tag(TensorField.RawData, WireType.Bytes).Number((ulong)length).Written;
}
