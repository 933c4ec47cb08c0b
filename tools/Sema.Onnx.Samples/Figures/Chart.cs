using System.Globalization;
using System.Text;

namespace Sema.Onnx.Samples.Figures;

/// <summary>A line through points, or, without a width, a dot at each.</summary>
/// <param name="Label">What the legend says.</param>
/// <param name="Color">Its colour, seen on white and on black.</param>
/// <param name="Width">Its width in pixels; 0 for dots.</param>
/// <param name="Points">Steps and values.</param>
internal sealed record Curve(string Label, string Color, double Width, IReadOnlyList<(double Step, double Value)> Points);

/// <summary>Draws curves over the steps of a run as SVG: no background, system fonts, nothing that runs.</summary>
/// <param name="title">What the picture shows, in a sentence.</param>
/// <param name="curves">The curves, the first at the bottom.</param>
internal sealed class Chart(string title, IReadOnlyList<Curve> curves)
{
    private const string Ink = "#768390";
    private const int Width = 720, Height = 320, Left = 44, Right = 14, Top = 40, Bottom = 40, Epoch = Trajectory.PerEpoch;
    private const double Lowest = -1.8, Highest = 3.2;

    private readonly StringBuilder _svg = new();

    /// <summary>Gets the file's content.</summary>
    internal string Draw()
    {
        Line($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"{Ink}\" role=\"img\">");
        Line($"<title>{title}</title>");
        Axes();
        Legend();
        foreach (var curve in curves)
            Draw(curve);
        Line("</svg>");
        return _svg.ToString();
    }

    private void Axes()
    {
        Line($"<g stroke=\"{Ink}\" stroke-opacity=\"0.25\">");
        for (var step = Epoch; step <= Trajectory.Steps; step += Epoch)
            Line($"<path d=\"M{X(step)} {Top}V{Height - Bottom}\"/>");
        Line("</g>");
        Line($"<path d=\"M{Left} {Y(0)}H{Width - Right}\" stroke=\"{Ink}\" stroke-dasharray=\"4 4\"/>");
        Line($"<path d=\"M{Left} {Top}V{Height - Bottom}H{Width - Right}\" fill=\"none\" stroke=\"{Ink}\"/>");
        for (var value = -1; value <= 3; value++)
            Line($"<text x=\"{Left - 8}\" y=\"{Y(value)}\" dy=\"4\" text-anchor=\"end\">{value}</text>");
        for (var step = 0; step <= Trajectory.Steps; step += 2 * Epoch)
            Line($"<text x=\"{X(step)}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{step}</text>");
        Line($"<text x=\"14\" y=\"{Y(1)}\" text-anchor=\"middle\" font-style=\"italic\">w</text>");
        Line($"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 6}\" text-anchor=\"middle\">optimizer steps, an epoch each {Epoch}</text>");
    }

    private void Legend()
    {
        var x = (double)Left;
        foreach (var curve in curves)
        {
            Line(curve.Width > 0
                ? $"<path d=\"M{N(x)} 20h20\" stroke=\"{curve.Color}\" stroke-width=\"{N(curve.Width)}\"/>"
                : $"<circle cx=\"{N(x + 10)}\" cy=\"20\" r=\"4\" fill=\"{curve.Color}\"/>");
            Line($"<text x=\"{N(x + 26)}\" y=\"24\">{curve.Label}</text>");
            x += 48 + curve.Label.Sum(Advance);
        }
    }

    private void Draw(Curve curve)
    {
        if (curve.Width > 0)
        {
            var points = string.Join(' ', curve.Points.Select(p => $"{X(p.Step)},{Y(p.Value)}"));
            Line($"<polyline points=\"{points}\" fill=\"none\" stroke=\"{curve.Color}\" stroke-width=\"{N(curve.Width)}\" stroke-linejoin=\"round\"/>");
            return;
        }

        foreach (var (step, value) in curve.Points)
            Line($"<circle cx=\"{X(step)}\" cy=\"{Y(value)}\" r=\"4\" fill=\"{curve.Color}\"/>");
    }

    // About how wide a letter is in the sans-serif fonts that browsers take.
    private static double Advance(char letter) => letter switch
    {
        'i' or 'l' or 'j' or 't' or 'f' or 'r' or ' ' or '.' or ',' or ':' => 4,
        'm' or 'w' or >= 'A' and <= 'Z' => 9,
        _ => 7.2,
    };

    private static string X(double step) => N(Left + ((Width - Left - Right) * step / Trajectory.Steps));

    private static string Y(double value) => N(Top + ((Height - Top - Bottom) * (Highest - value) / (Highest - Lowest)));

    private static string N(double pixels) => pixels.ToString("0.#", CultureInfo.InvariantCulture);

    private void Line(string text) => _svg.Append(text).Append('\n');
}
