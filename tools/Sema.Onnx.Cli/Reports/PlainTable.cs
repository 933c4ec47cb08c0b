namespace Sema.Onnx.Cli.Reports;

/// <summary>A table in plain text: columns set to the right, the first to the left, and no more lines than needed.</summary>
/// <param name="columns">The headings; one that ends in <c>&lt;</c> is set to the left.</param>
internal sealed class PlainTable(params string[] columns)
{
    private readonly List<string[]> _rows = [];

    internal int Rows => _rows.Count;

    internal void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Writes the table between two blank lines.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="below">Whether another table stands right above, whose last blank line serves both.</param>
    internal void Write(TextWriter writer, bool below = false)
    {
        string[] headings = [.. columns.Select(c => c.TrimEnd('<'))];
        int[] widths = [.. headings.Select((h, i) => _rows.Select(r => r[i].Length).Append(h.Length).Max())];
        if (!below)
            writer.WriteLine();
        WriteRow(headings);
        WriteRow([.. widths.Select(w => new string('─', w))]);
        foreach (var row in _rows)
            WriteRow(row);
        writer.WriteLine();

        void WriteRow(string[] cells) => writer.WriteLine(
            ("  " + string.Join("  ", cells.Select((cell, i) => i == 0 || columns[i].EndsWith('<') ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i])))).TrimEnd());
    }
}
