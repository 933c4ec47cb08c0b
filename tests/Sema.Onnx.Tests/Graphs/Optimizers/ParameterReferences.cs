using static System.Math;

namespace Sema.Onnx.Graphs.Optimizers;

/// <summary>The definitions of the optimizers that look at a parameter as a whole, in double precision.</summary>
internal static class ParameterReferences
{
    internal static void Lamb(double[] w, double[] g, double rate, double decay, int t, double[][] s, int[] shape)
    {
        var r = new double[w.Length];
        for (var i = 0; i < w.Length; i++)
            r[i] = AdamStep(g[i], t, s[i], 1e-6) + decay * w[i];
        var ratio = Norm(w) / Norm(r);
        for (var i = 0; i < w.Length; i++)
            w[i] -= rate * ratio * r[i];
    }

    internal static void Lars(double[] w, double[] g, double rate, double decay, int t, double[][] s, int[] shape)
    {
        var local = 0.1 * Norm(w) / (Norm(g) + decay * Norm(w));
        for (var i = 0; i < w.Length; i++)
        {
            s[i][0] = 0.9 * s[i][0] + rate * local * (g[i] + decay * w[i]);
            w[i] -= s[i][0];
        }
    }

    internal static void AdamP(double[] w, double[] g, double rate, double decay, int t, double[][] s, int[] shape, double delta)
    {
        double[] p = [.. g.Select((x, i) => AdamStep(x, t, s[i], 1e-8))];
        var factor = Project(w, g, p, shape, delta);
        for (var i = 0; i < w.Length; i++)
            w[i] = (1 - rate * decay * factor) * w[i] - rate * p[i];
    }

    internal static void SgdP(double[] w, double[] g, double rate, double decay, double[][] s, int[] shape, bool nesterov)
    {
        for (var i = 0; i < w.Length; i++)
            s[i][0] = 0.9 * s[i][0] + g[i];
        double[] p = [.. g.Select((x, i) => nesterov ? x + 0.9 * s[i][0] : s[i][0])];
        var factor = Project(w, g, p, shape, 1.5);
        for (var i = 0; i < w.Length; i++)
            w[i] = (1 - rate * decay * factor / (1 - 0.9)) * w[i] - rate * p[i];
    }

    // A row is what stands under an index of the first axis; a vector has its second moment as it is.
    internal static void Adafactor(double[] w, double[] g, double rate, double decay, int t, double[][] s, int[] shape)
    {
        var old = 1 - Pow(t, -0.8);
        var rows = shape.Length > 1 ? shape[0] : 1;
        var columns = w.Length / rows;
        for (var i = 0; i < rows; i++)
            s[i][0] = old * s[i][0] + (1 - old) * Enumerable.Range(0, columns).Average(j => Square(i, j));
        for (var j = 0; j < columns; j++)
            s[j][1] = old * s[j][1] + (1 - old) * Enumerable.Range(0, rows).Average(i => Square(i, j));
        var mean = s.Take(rows).Average(x => x[0]);
        double[] u = [.. g.Select((x, k) => x / Sqrt(s[k / columns][0] * s[k % columns][1] / mean))];
        var alpha = Max(1e-3, Rms(w)) * rate;
        var clip = Max(1, Rms(u));
        for (var i = 0; i < w.Length; i++)
            w[i] = (1 - rate * decay) * w[i] - alpha * u[i] / clip;

        double Square(int i, int j) => Pow(g[i * columns + j], 2) + 1e-30;
    }

    private static double AdamStep(double g, int t, double[] s, double epsilon)
    {
        s[0] = 0.9 * s[0] + 0.1 * g;
        s[1] = 0.999 * s[1] + 0.001 * g * g;
        return s[0] / (1 - Pow(0.9, t)) / (Sqrt(s[1] / (1 - Pow(0.999, t))) + epsilon);
    }

    // Slices of the first axis, then the whole: the first view whose rows are all nearly at right angles to their gradients is projected.
    private static double Project(double[] w, double[] g, double[] p, int[] shape, double delta)
    {
        if (shape.Length < 2)
            return 1;
        foreach (var rows in new[] { shape[0], 1 })
        {
            var length = w.Length / rows;
            var views = Enumerable.Range(0, rows).Select(r => new Range(r * length, (r + 1) * length)).ToList();
            if (views.Max(v => Abs(Dot(w[v], g[v])) / (Norm(w[v]) * Norm(g[v]))) >= delta / Sqrt(length))
                continue;
            foreach (var v in views)
            {
                var (norm, along) = (Norm(w[v]), Dot(w[v], p[v]) / Norm(w[v]));
                for (var i = v.Start.Value; i < v.End.Value; i++)
                    p[i] -= w[i] / norm * along;
            }

            return 0.1;
        }

        return 1;
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Norm(double[] a) => Sqrt(Dot(a, a));

    private static double Rms(double[] a) => Sqrt(Dot(a, a) / a.Length);
}
