using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Verification.Synthesis;

namespace Sema.Onnx.Verification;

/// <summary>Compares gradients with central differences of a loss along random directions, one parameter at a time.</summary>
/// <param name="loss">Evaluates the loss; the parameters are inputs of it.</param>
/// <param name="held">Gives the loss with the choices held that are made in a precision, or <see langword="null"/> where there are none.</param>
/// <param name="gradients">The gradients in the loss's precision, by parameter.</param>
/// <param name="single">The float32 gradients, where the others are float64.</param>
/// <param name="scale">How large the loss is in the mean over its random factors.</param>
internal sealed class DirectionalCheck(StagedLoss loss, Func<ElementType, StagedLoss?> held,
    IReadOnlyDictionary<string, double[]> gradients, IReadOnlyDictionary<string, double[]>? single, double scale)
{
    // How good an attempt has to be for the next ones to be spared, as a part of the tolerance: the first few, and those after.
    private const double Good = 0.1, Fair = 0.3;
    private const int Few = 4;

    // Steps relative to the parameter's root mean square. Central differences err by h² through curvature and by 1e-16/h through rounding; of
    // a network with N kinked activations, h N cross their kink, unless choices are held.
    private readonly List<(bool Held, double Step)> _attempts = single is not null
        ? [(false, 1e-6), (true, 1e-5), (true, 1e-4), (true, 1e-6), (true, 1e-3), (false, 1e-5), (false, 1e-4), (false, 1e-7), (false, 1e-3), (false, 1e-8), (false, 1e-9)]
        : [(false, 1e-2), (true, 1e-2), (false, 1e-3), (true, 1e-3), (false, 1e-1), (true, 1e-1)];

    // How many parameters an attempt has suited, each counting Fading times as much as the next: one that happened to be well off with a
    // step that is too small for most does not put it first.
    private readonly Dictionary<(bool, double), double> _suited = [];
    private const double Fading = 0.8;

    private readonly ElementType _precision = single is null ? ElementType.Float32 : ElementType.Float64;

    /// <summary>The largest relative error that passes.</summary>
    internal static double Tolerance(ElementType precision) => precision == ElementType.Float64 ? 1e-6 : 1e-3;

    /// <summary>Checks a parameter along one direction.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="weight">Its value.</param>
    /// <param name="random">What the direction is drawn from.</param>
    /// <param name="draw">Which draw of inputs this is, from 1.</param>
    internal ParameterCheck Check(string name, Tensor weight, SplitMix64 random, int draw)
    {
        var w = weight.ToFloat64();
        var g = gradients[TrainingGraphs.Gradient(name)];
        var (rms, norm) = (Norm(w) / Math.Sqrt(w.Length), Norm(g));
        var v = Direction(g, norm, rms > 0 ? rms : 1, ref random);
        ParameterCheck? best = null;
        var tried = 0;
        foreach (var attempt in _attempts.OrderByDescending(a => _suited.GetValueOrDefault(a)).ToList())
        {
            if ((attempt.Held ? held(_precision) : loss) is not { } graph)
                continue;
            var check = At(graph.Of(name), Step(attempt.Step)) with { ChoicesHeld = attempt.Held };
            if (best is null || !(check.RelativeError >= best.RelativeError))
                best = check;
            if (best.RelativeError < (++tried < Few ? Good : Fair) * Tolerance(_precision))
            {
                foreach (var a in _attempts)
                    _suited[a] = Fading * _suited.GetValueOrDefault(a) + (a == attempt ? 1 : 0);
                break;
            }
        }

        // Rounding may have put an activation on the other side of its kink: there the float32 gradient belongs to the piece on that side.
        if (best!.Float32RelativeError is { } error && !(error < Fair * Tolerance(ElementType.Float32)) && held(ElementType.Float32) is { } rounded)
            best = best with { Float32RelativeError = Math.Min(error, At(rounded.Of(name), best.Step).Float32RelativeError!.Value) };
        return best;

        // In float32, by how much the loss should change, relative to its scale: it is rounded at 1e-7 or so.
        double Step(double step) => single is not null ? step : Math.Min(0.1, step * scale / Math.Max(Math.Abs(Dot(g, v)), 1e-6 * scale));

        ParameterCheck At(BoundGraph graph, double h)
        {
            var above = Moved(graph, name, w, v, h, out var up);
            var below = Moved(graph, name, w, v, -h, out var down);
            graph.Write(name, weight);

            // The direction as it came out after rounding.
            var moved = up.Zip(down, (a, b) => (a - b) / (2 * h)).ToArray();
            var difference = (above - below) / (2 * h);
            return new(name, weight.Dims, norm, Dot(g, moved), difference, h, false, Error(g, _precision),
                single is null ? null : Error(single[TrainingGraphs.Gradient(name)], ElementType.Float32), draw);

            double Error(double[] gradient, ElementType precision) => RelativeError(
                Dot(gradient, moved), difference, Norm(gradient) * Norm(moved) / Math.Sqrt(w.Length), Negligible(precision) * scale);
        }
    }

    /// <summary>Compares a directional derivative with a difference.</summary>
    /// <param name="directional">⟨g, v⟩.</param>
    /// <param name="difference">D.</param>
    /// <param name="typical">‖g‖‖v‖/√n, the root mean square of ⟨g, v⟩ over random v: where v happens to be nearly orthogonal to g, both
    /// figures are the small rest of a large sum, and rounding alone would look like an error.</param>
    /// <param name="negligible">What no derivative is measured more finely than: many weights have a gradient of zero by symmetry (a bias
    /// before a softmax over the same axis, a shift before a normalisation), of which only rounding is left.</param>
    internal static double RelativeError(double directional, double difference, double typical, double negligible)
    {
        var error = Math.Abs(directional - difference) / Math.Max(Math.Max(Math.Abs(directional), Math.Abs(difference)), Math.Max(typical, negligible));
        return directional == difference ? 0 : double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    // Derivatives by a relative change of a parameter, relative to the loss's scale. In float64 a difference is rounded at 1e-16/h of that
    // scale, so that a step of 1e-6 tells derivatives that are 1e-10 of it apart: 1e-4 times the tolerance.
    private static double Negligible(ElementType precision) => precision == ElementType.Float64 ? 1e-4 : 1e-3;

    // Random; in float32 half along the gradient, where the loss changes most and rounding matters least.
    private double[] Direction(double[] g, double norm, double rms, ref SplitMix64 random)
    {
        var v = Gaussian.Vector(ref random, g.Length);
        var along = _precision == ElementType.Float32 && norm > 0 ? Math.Sqrt(g.Length) / norm : 0;
        for (var i = 0; i < v.Length; i++)
            v[i] = rms * (along > 0 ? (v[i] + along * g[i]) * Math.Sqrt(0.5) : v[i]);
        return v;
    }

    private static double Moved(BoundGraph graph, string name, double[] w, double[] v, double h, out double[] moved)
    {
        moved = new double[w.Length];
        var buffer = graph[name];
        if (buffer.Type == ElementType.Float64)
        {
            var values = buffer.As<double>();
            for (var i = 0; i < w.Length; i++)
                moved[i] = values[i] = w[i] + h * v[i];
        }
        else
        {
            var values = buffer.As<float>();
            for (var i = 0; i < w.Length; i++)
                moved[i] = values[i] = (float)(w[i] + h * v[i]);
        }

        return graph.RunScalar();
    }

    private static double Dot(double[] a, double[] b) => System.Numerics.Tensors.TensorPrimitives.Dot<double>(a, b);

    private static double Norm(double[] a) => System.Numerics.Tensors.TensorPrimitives.Norm<double>(a);
}
