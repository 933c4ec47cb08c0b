using System.Globalization;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Data.Formats;

/// <summary>Reads the Python dictionary <c>{'descr': '&lt;f4', 'fortran_order': False, 'shape': (3, 2), }</c>, and
/// nothing else.</summary>
/// <param name="reader">Where the text comes from, for messages.</param>
/// <param name="start">The text's offset in the file, in bytes.</param>
/// <param name="text">The header, one character a byte.</param>
internal sealed class NpyHeaderParser(DataReader reader, long start, string text)
{
    private int _at;

    internal NpyHeader Parse()
    {
        ElementType? type = null;
        bool? fortran = null;
        long[]? shape = null;
        Expect('{');
        while (!Accept('}'))
        {
            var key = ParseString();
            Expect(':');
            switch (key)
            {
                case "descr" when type is null: type = ParseType(); break;
                case "fortran_order" when fortran is null: fortran = ParseBool(); break;
                case "shape" when shape is null: shape = ParseShape(); break;
                default: throw Fail($"the key '{key}' is unknown or given twice");
            }

            if (!Accept(',') && Peek() != '}')
                throw Fail("a comma or } is missing");
        }

        if (Peek() is { } left)
            throw Fail($"'{left}' follows the dictionary");
        if (type is null || fortran is null || shape is null)
            throw Fail("one of 'descr', 'fortran_order' and 'shape' is missing");
        if (fortran.Value)
            throw Fail("the array is stored in Fortran order; save numpy.ascontiguousarray(array) instead");
        return new NpyHeader(type.Value, shape);
    }

    private ElementType ParseType()
    {
        if (Peek() == '[')
            throw Fail("the array is a structured one; save each field as an array of its own");

        var descr = ParseString();
        return descr switch
        {
            "<f2" => ElementType.Float16,
            "<f4" => ElementType.Float32,
            "<f8" => ElementType.Float64,
            "|u1" => ElementType.UInt8,
            "|i1" => ElementType.Int8,
            "<i2" => ElementType.Int16,
            "<i4" => ElementType.Int32,
            "<i8" => ElementType.Int64,
            "|b1" => ElementType.Bool,
            ['>', ..] => throw Fail($"the array is big-endian ('{descr}'); save " +
                "array.astype(array.dtype.newbyteorder('<')) instead"),
            "|O" => throw Fail("the array holds Python objects ('|O'), which are never loaded; save numbers of one " +
                "type and shape"),
            _ => throw Fail($"elements of type '{descr}' are not supported; save <f2, <f4, <f8, |u1, |i1, <i2, <i4, " +
                "<i8 or |b1"),
        };
    }

    private bool ParseBool() =>
        AcceptWord("True") || (AcceptWord("False") ? false : throw Fail("'fortran_order' must be True or False"));

    private long[] ParseShape()
    {
        var shape = new List<long>();
        Expect('(');
        while (!Accept(')'))
        {
            var digits = TakeWhile(char.IsAsciiDigit);
            if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var axis))
                throw Fail($"'{digits}' in 'shape' is not the length of an axis");
            shape.Add(axis);
            if (!Accept(',') && Peek() != ')')
                throw Fail("a comma or ) is missing in 'shape'");
        }

        return [.. shape];
    }

    private string ParseString()
    {
        var quote = Peek();
        if (quote is not ('\'' or '"'))
            throw Fail("a quoted string is missing");

        _at++;
        var value = TakeWhile(c => c != quote);
        Expect(quote.Value);
        return value;
    }

    private string TakeWhile(Func<char, bool> accepted)
    {
        SkipSpace();
        var from = _at;
        while (_at < text.Length && accepted(text[_at]))
            _at++;
        return text[from.._at];
    }

    private char? Peek()
    {
        SkipSpace();
        return _at < text.Length ? text[_at] : null;
    }

    private bool Accept(char c)
    {
        var found = Peek() == c;
        _at += found ? 1 : 0;
        return found;
    }

    private bool AcceptWord(string word)
    {
        SkipSpace();
        var found = text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal);
        _at += found ? word.Length : 0;
        return found;
    }

    private void Expect(char c)
    {
        if (!Accept(c))
            throw Fail($"'{c}' is missing");
    }

    private void SkipSpace()
    {
        while (_at < text.Length && text[_at] is ' ' or '\n')
            _at++;
    }

    private DataException Fail(string fault) => reader.Fail($"in the .npy header, {fault}", start + _at);
}
