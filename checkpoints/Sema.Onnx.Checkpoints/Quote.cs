using System.Text;

namespace Sema.Onnx.Checkpoints;

/// <summary>Text from strangers, made fit for a message: quoted, on one line, not endless.</summary>
internal static class Quote
{
    private const int MaxLength = 100;

    internal static string Text(string text)
    {
        var shown = new StringBuilder("'");
        foreach (var rune in text.EnumerateRunes().Take(MaxLength))
            shown.Append(Rune.IsControl(rune) ? "\uFFFD" : rune.ToString());
        return shown.Append(text.Length > MaxLength ? "…'" : "'").ToString();
    }

    /// <summary>Whether UTF-8 can express the text: no half of a surrogate pair alone.</summary>
    internal static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i += char.IsSurrogate(text[i]) ? 2 : 1)
            if (!Rune.TryGetRuneAt(text, i, out _))
                return false;
        return true;
    }
}
