using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Arithmetic and functions of one element.</summary>
internal static class Elementwise
{
    private static readonly Pullback Pass = (_, dY) => dY;

#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new Dictionary<string, Pullback?[]>
    {
        // y = op(a, b)          ∂L/∂a                                                ∂L/∂b
        ["Add"]        = [Pass,                                                Pass],
        ["Sub"]        = [Pass,                                                (_, dY) => -dY],
        ["Mul"]        = [(y, dY) => dY * y[1],                                (y, dY) => dY * y[0]],
        ["Div"]        = [(y, dY) => dY / y[1],                                (y, dY) => -dY * y.Output / y[1]],
        ["Pow"]        = [(y, dY) => dY * PowerBase(y),               (y, dY) => dY * PowerExponent(y)],
        ["Neg"]        = [(_, dY) => -dY],
        ["Abs"]        = [(y, dY) => dY * y[0].Sign()],                        // 0 at x = 0
        ["Reciprocal"] = [(y, dY) => -dY * y.Output.Square()],
        ["Exp"]        = [(y, dY) => dY * y.Output],
        ["Log"]        = [(y, dY) => dY / y[0]],
        ["Sqrt"]       = [(y, dY) => dY * 0.5 / y.Output],
        ["Erf"]        = [(y, dY) => dY * 1.1283791670955126 * (-y[0].Square()).Exp()],   // 2/√π · e^(−x²)
        ["Sin"]        = [(y, dY) => dY * y[0].Cos()],
        ["Cos"]        = [(y, dY) => -dY * y[0].Sin()],
        ["Tan"]        = [(y, dY) => dY * (y.Output.Square() + 1)],
        ["Asin"]       = [(y, dY) => dY / (1 - y[0].Square()).Sqrt()],
        ["Acos"]       = [(y, dY) => -dY / (1 - y[0].Square()).Sqrt()],
        ["Atan"]       = [(y, dY) => dY / (y[0].Square() + 1)],
        ["Sinh"]       = [(y, dY) => dY * y.Graph.Emit("Cosh", [y[0]])],
        ["Cosh"]       = [(y, dY) => dY * y.Graph.Emit("Sinh", [y[0]])],
        ["Asinh"]      = [(y, dY) => dY / (y[0].Square() + 1).Sqrt()],
        ["Acosh"]      = [(y, dY) => dY / (y[0].Square() - 1).Sqrt()],
        ["Atanh"]      = [(y, dY) => dY / (1 - y[0].Square())],
        ["Mod"]        = [Pass,                                                (y, dY) => dY * Quotient(y)],
        ["Where"]      = [null, (y, dY) => dY.Masked(y[0]),                    (y, dY) => dY.Masked(y[0].Not())],
        ["Clip"]       = [(y, dY) => dY.Masked(Inside(y))],                    // 0 at the bounds, as ReLU6 has it; the bounds are constants
        ["Identity"]   = [Pass],
        ["Dropout"]    = [(y, dY) => IsTraining(y) ? (dY * Kept(y)).Masked(y.NeedOutput(1, ElementType.Bool)) : dY],   // the mask that the node drew
        ["Cast"]       = [(y, dY) => dY.Cast(y[0].Type)],
        ["CastLike"]   = [(y, dY) => dY.Cast(y[0].Type),                       null],
        ["OptionalGetElement"] = [Pass],                                       // of a tensor
        ["CumSum"]     = [(y, dY) => CumulativeSum(y, dY)],
        ["Trilu"]      = [(y, dY) => y.Graph.Emit("Trilu", [dY, y.Optional(1)], ("upper", y.Int("upper", 1)))],
    }.ToDictionary(row => row.Key, row => Of(row.Value, coreAxes: row.Value.Length > 1 ? 0 : null));

    static Elementwise()
    {
        Rules["Expand"] = Of([Pass], coreAxes: 0);                             // the walker sums it back
        Rules["Max"]   = Joint(Chosen, coreAxes: 0);                           // tied elements share the gradient
        Rules["Min"]   = Joint(Chosen, coreAxes: 0);
        Rules["Sum"]   = Of([Pass], coreAxes: 0, variadic: true);
        Rules["Mean"]  = Of([(y, dY) => dY / y.Inputs.Count], coreAxes: 0, variadic: true);
    }
#pragma warning restore format

    // y = a − n b, floats have fmod only:  −n, from y itself, since a/b near a whole number may round past it
    private static Value Quotient(Node y) => y.Graph.Emit("Round", [(y.Output - y[0]) / y[1]]);

    // What an element was added to lies on its other side.
    private static Value CumulativeSum(Node y, Value dY) =>
        y.Graph.Emit("CumSum", [dY, y[1]], ("exclusive", y.Int("exclusive", 0)), ("reverse", 1 - y.Int("reverse", 0)));

    internal static bool IsTraining(Node y) => y.Optional(2) is { } training && (training.Initializer is not { } constant || constant.ToInt64()[0] != 0);

    // What is kept grows by 1/(1 − ratio); nothing does where only the run can tell that it does not train.
    private static Value Kept(Node y)
    {
        var factor = 1 / (1 - (y.Optional(1)?.Cast(y[0].Type) ?? y[0].Like(0.5)));
        return y[2].Initializer is null ? y[2].Where(factor, y[0].Like(1)) : factor;
    }

    // b·a^(b−1): the usual constant exponents need no power.
    private static Value PowerBase(Node y)
    {
        var (a, b) = (y[0], y[1].Type == y[0].Type ? y[1] : y[1].Cast(y[0].Type));
        if (y[1].Initializer is not { Count: 1 } constant)
            return (a.Pow(b - 1) * b).Masked(b.Equal(b.Like(0)).Not());
        return (constant.Type.IsFloat() ? constant.ToFloat64()[0] : constant.ToInt64()[0]) switch
        {
            0 => a.Like(0),
            1 => a.Like(1),
            2 => a * 2,
            0.5 => 0.5 / y.Output,
            var p => a.Pow(a.Like(p - 1)) * p,
        };
    }

    // a^b ln a, and 0 where a = 0 (its limit for b > 0, and PyTorch's choice).
    private static Value PowerExponent(Node y)
    {
        var zero = y[0].Equal(y[0].Like(0));
        return (y.Output * zero.Where(y[0].Like(1), y[0]).Log()).Masked(zero.Not());
    }

    private static Value Inside(Node y)
    {
        Value? inside = null;
        if (y.Optional(1) is { } low)
            inside = y[0].Greater(low);
        if (y.Optional(2) is { } high)
            inside = inside?.And(y[0].Less(high)) ?? y[0].Less(high);
        return inside ?? y[0].Equal(y[0]);
    }

    // The chosen elements are those equal to the result; k of them that tie take 1/k each.
    private static IReadOnlyList<Value?> Chosen(Node y, IReadOnlyList<Value?> dYs)
    {
        var chosen = y.Inputs.Select(x => x!.Equal(y.Output).Cast(y.Output.Type)).ToArray();
        var share = dYs[0]! / y.Graph.Emit("Sum", chosen);
        return [.. chosen.Select(c => c * share)];
    }
}
