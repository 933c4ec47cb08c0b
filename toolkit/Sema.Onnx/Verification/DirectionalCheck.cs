using Sema.Onnx.Data.Batches;
using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Verification.Synthesis;

namespace Sema.Onnx.Verification;

/// <summary>Compares gradients with central differences of a loss along random directions, one parameter at a time.</summary>
/// <param name="loss">Evaluates the loss; the parameters are inputs of it.</param>
/// <param name="gradients">The gradients in the loss's precision, by parameter.</param>
/// <param name="single">The float32 gradients, where the others are float64.</param>
/// <param name="scale">How large the loss is in the mean over its random factors.</param>
internal sealed class DirectionalCheck(
    BoundGraph loss, IReadOnlyDictionary<string, double[]> gradients, IReadOnlyDictionary<string, double[]>? single, double scale)
{
    // Relative to the parameter's root mean square. Central differences err by h² through curvature and by 1e-16/h through rounding; of a
    // network with N kinked activations, h N cross their kink. So a long step suits a smooth network, a short one a large kinked one.
    private static readonly double[] Steps64 = [1e-6, 1e-7, 1e-5, 1e-8, 1e-4, 1e-9, 1e-3];

    // Short, for curvature not to look like a kink, and long enough for rounding not to: 1e-8 of the loss's scale.
    private const double KinkStep = 1e-7;

    // By how much the loss should change, relative to its scale: a float32 loss is rounded at 1e-7 or so.
    private static readonly double[] Changes32 = [1e-2, 1e-3, 1e-1];

    private readonly ElementType _precision = single is null ? ElementType.Float32 : ElementType.Float64;

    private int _lastGood;

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
        var steps = Steps(g, v);
        for (var i = 0; i < steps.Length; i++)
        {
            // What suited the parameter before is tried first.
            var at = (i == 0 ? _lastGood : i <= _lastGood ? i - 1 : i) % steps.Length;
            var check = At(steps[at]);
            if (best is null || !(check.RelativeError >= best.RelativeError))
                best = check;
            if (best.RelativeError < Tolerance(_precision) / 4)
            {
                _lastGood = at;
                break;
            }
        }

        return best!;

        ParameterCheck At(double h)
        {
            var above = Moved(name, w, v, h, out var up);
            var below = Moved(name, w, v, -h, out var down);
            loss.Write(name, weight);

            // The direction as it came out after rounding.
            var moved = up.Zip(down, (a, b) => (a - b) / (2 * h)).ToArray();
            var difference = (above - below) / (2 * h);
            return new(name, weight.Dims, norm, Dot(g, moved), difference, h, Error(g, _precision),
                single is null ? null : Error(single[TrainingGraphs.Gradient(name)], ElementType.Float32), draw);

            double Error(double[] gradient, ElementType precision) => RelativeError(
                Dot(gradient, moved), difference, Norm(gradient) * Norm(moved) / Math.Sqrt(w.Length), Negligible(precision) * scale);
        }
    }

    /// <summary>Tells whether the loss has a kink at a parameter's value, as near as float64 can tell: where the slopes to both sides differ
    /// by as much as the gradient is off. A wrong gradient of a smooth loss is off where the slopes are equal.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="weight">Its value.</param>
    /// <param name="random">What the direction is drawn from.</param>
    /// <param name="at">The loss there.</param>
    /// <returns>Whether it has; never where gradients are not finite, or where all is float32.</returns>
    internal bool IsAtKink(string name, Tensor weight, SplitMix64 random, double at)
    {
        var (w, g) = (weight.ToFloat64(), gradients[TrainingGraphs.Gradient(name)]);
        if (_precision == ElementType.Float32 || !double.IsFinite(Norm(g)) || !double.IsFinite(Norm(single![TrainingGraphs.Gradient(name)])))
            return false;
        var rms = Norm(w) / Math.Sqrt(w.Length);
        var v = Direction(g, Norm(g), rms > 0 ? rms : 1, ref random);
        var (above, below) = (Moved(name, w, v, KinkStep, out _), Moved(name, w, v, -KinkStep, out _));
        loss.Write(name, weight);
        var (bend, error) = ((above + below - 2 * at) / KinkStep, Dot(g, v) - (above - below) / (2 * KinkStep));
        return Math.Abs(bend) > Math.Max(Math.Abs(error) / 10, 1e-15 * scale / KinkStep);
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

    private double[] Steps(double[] g, double[] v) => _precision == ElementType.Float64 ? Steps64
        : [.. Changes32.Select(change => Math.Min(0.1, change * scale / Math.Max(Math.Abs(Dot(g, v)), 1e-6 * scale)))];

    private double Moved(string name, double[] w, double[] v, double h, out double[] moved)
    {
        moved = new double[w.Length];
        var buffer = loss[name];
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

        return loss.RunScalar();
    }

    private static double Dot(double[] a, double[] b) => System.Numerics.Tensors.TensorPrimitives.Dot<double>(a, b);

    private static double Norm(double[] a) => System.Numerics.Tensors.TensorPrimitives.Norm<double>(a);
}
