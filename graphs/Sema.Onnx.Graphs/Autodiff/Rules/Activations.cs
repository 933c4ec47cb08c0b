using Sema.Onnx.Graphs.Functions;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Activation functions.</summary>
internal static class Activations
{
#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new Dictionary<string, Pullback?[]>
    {
        // y = op(x)             ∂L/∂x
        ["Relu"]        = [(y, dY) => y.Graph.Call("ReluGrad", [dY, y.Output])],                      // 0 at x = 0
        ["LeakyRelu"]   = [(y, dY) => Positive(y).Where(dY, dY * y.Float("alpha", 0.01f))],           // alpha at x = 0
        ["PRelu"]       = [(y, dY) => Positive(y).Where(dY, dY * y[1]),  (y, dY) => (dY * y[0]).Masked(Positive(y).Not())],
        ["Elu"]         = [(y, dY) => Positive(y).Where(dY, dY * (y.Output + y.Float("alpha", 1)))],
        ["Selu"]        = [(y, dY) => Positive(y).Where(dY * SeluGamma(y), dY * (y.Output + SeluGamma(y) * y.Float("alpha", 1.6732632f)))],
        ["Celu"]        = [(y, dY) => Positive(y).Where(dY, dY * (y.Output / y.Float("alpha", 1) + 1))],
        ["ThresholdedRelu"] = [(y, dY) => dY.Masked(y[0].Greater(y[0].Like(y.Float("alpha", 1))))],   // 0 at x = alpha
        ["Shrink"]      = [(y, dY) => dY.Masked(y[0].Abs().Greater(y[0].Like(y.Float("lambd", 0.5f))))],   // 0 at ±lambd
        ["Sigmoid"]     = [(y, dY) => dY * y.Output * (1 - y.Output)],
        ["HardSigmoid"] = [(y, dY) => (dY * y.Float("alpha", 0.2f)).Masked(y.Output.Greater(y.Output.Like(0)).And(y.Output.Less(y.Output.Like(1))))],
        ["HardSwish"]   = [(y, dY) => dY * HardSwishSlope(y[0])],
        ["Tanh"]        = [(y, dY) => dY * (1 - y.Output.Square())],
        ["Softplus"]    = [(y, dY) => dY * y[0].Sigmoid()],
        ["Softsign"]    = [(y, dY) => dY / (y[0].Abs() + 1).Square()],
        ["Mish"]        = [(y, dY) => dY * MishSlope(y[0])],
        ["Gelu"]        = [(y, dY) => y.Graph.Call(y.Get<string>("approximate") == "tanh" ? "GeluTanhGrad" : "GeluGrad", [dY, y[0]])],
        ["Softmax"]     = [(y, dY) => y.Graph.Call("SoftmaxGrad", [dY, y.Output], LastAxis(y))],
        ["LogSoftmax"]  = [(y, dY) => y.Graph.Call("LogSoftmaxGrad", [dY, y.Output], LastAxis(y))],
    }.ToDictionary(row => row.Key, row => Of(row.Value, coreAxes: row.Value.Length > 1 ? 0 : null));
#pragma warning restore format

    private static Value Positive(Node y) => y[0].Greater(y[0].Like(0));

    private static double SeluGamma(Node y) => y.Float("gamma", 1.050701f);

    private static Attribute LastAxis(Node y) => ("axes", [y.Axis("axis", -1, y[0].Rank)]);

    // x·clip(x/6 + 1/2, 0, 1): its slope is 0 up to −3, x/3 + 1/2 between, 1 from 3 on.
    private static Value HardSwishSlope(Value x) =>
        x.GreaterOrEqual(x.Like(3)).Where(x.Like(1), (x / 3 + 0.5).Masked(x.Greater(x.Like(-3))));

    // y = x t, t = tanh(softplus x):  t + x (1 − t²) σ(x)
    private static Value MishSlope(Value x)
    {
        var t = x.Graph.Emit("Softplus", [x]).Tanh();
        return t + x * (1 - t.Square()) * x.Sigmoid();
    }
}
