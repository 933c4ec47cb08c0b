using static Sema.Onnx.Graphs.Autodiff.Operand;

namespace Sema.Onnx.Graphs.Autodiff;

/// <summary>The cases of RNN, GRU and LSTM: every attribute and optional input, each output alone and all together.</summary>
internal static class RecurrentCases
{
    private const int Steps = 4, Batch = 3, Width = 2, Hidden = 2;

    private static readonly string[] Directions = ["forward", "reverse", "bidirectional"];

    // ONNX's activations but for the sigmoid and tanh, each with numbers of its own.
    private static readonly (string Name, float? Alpha, float? Beta)[] Activations =
    [
        ("Relu", null, null), ("LeakyRelu", 0.2f, null), ("ThresholdedRelu", 0.1f, null), ("Elu", 0.7f, null), ("Softsign", null, null), ("Softplus", null, null),
        ("Affine", 0.6f, 0.1f), ("ScaledTanh", 0.8f, 1.2f), ("HardSigmoid", 0.3f, 0.45f), ("Sigmoid", null, null), ("Tanh", null, null),
    ];

    internal static readonly Dictionary<string, GradientCase[]> Table = new()
    {
        ["RNN"] = [.. Common("RNN"), .. Each("RNN", 1)],
        ["GRU"] =
        [
            .. Common("GRU"), .. Common("GRU", ("linear_before_reset", 1L)), .. Each("GRU", 2), .. Each("GRU", 2, ("linear_before_reset", 1L)),
        ],
        ["LSTM"] =
        [
            .. Common("LSTM"), .. Common("LSTM", ("input_forget", 1L)), .. Each("LSTM", 3),
            .. from direction in Directions
               from peepholes in new[] { 0, 1 }
               from coupled in new[] { 0L, 1 }
               select All("LSTM", direction, peepholes == 1, ("input_forget", coupled), ("clip", 0.8f)).Close(),
            // the numbers that are left out
            All("LSTM", "forward", true, new Attribute("activations", new[] { "HardSigmoid", "LeakyRelu", "Elu" })).Close(),
            All("LSTM", "forward", true, new Attribute("activations", new[] { "hardsigmoid", "thresholdedrelu", "elu" }), new("activation_alpha", new[] { 0.3f })).Close(),
            .. from direction in Directions
               from peepholes in new[] { 0, 1 }
               from output in new Range[] { ..1, 1..2, 2..3 }
               select All("LSTM", direction, peepholes == 1).Making(3, output).Omitting(),
        ],
        ["com.sema.LSTMTraining"] =
        [
            .. from directions in new[] { 1L, 2L }
               from used in new Range[] { ..3, ..1, 1..2, 2..3 }
               select Training(directions).Making(5, used),
        ],
        ["com.sema.GRUTraining"] = [.. from directions in new[] { 1L, 2L } from used in new Range[] { ..2, ..1, 1..2 } select Training(directions, 3, 4).Making(4, used)],
        ["com.sema.RNNTraining"] = [.. from directions in new[] { 1L, 2L } from used in new Range[] { ..2, ..1, 1..2 } select Training(directions, 1, 1).Making(2, used)],
    };

    private static IEnumerable<GradientCase> Common(string op, params Attribute[] attributes) =>
    [
        .. Directions.Select(d => Of(op, d, 3, attributes: attributes)),                                              // X, W, R
        .. Directions.Select(d => Of(op, d, 4, attributes: attributes)),                                              // with biases
        .. Directions.Select(d => All(op, d, op == "LSTM", attributes).Sized(Known.Rank)),
        .. Directions.Select(d => Of(op, d, 7, attributes: attributes)),                                              // all but lengths
        .. Directions.SelectMany(d => new Range[] { ..1, 1..2 }.Select(r => Of(op, d, 4, attributes: attributes).Making(2, r).Omitting())),
        .. Directions.SelectMany(d => new Range[] { ..1, 1..2 }.Select(r => All(op, d, false, attributes).Making(2, r).Omitting())),
        .. Directions.Select(d => All(op, d, false, [.. attributes, ("clip", 0.5f)]).Close()),
        .. Directions.Select(d => Of(op, d, 4, [Steps, 0, 1], attributes).Making(op == "LSTM" ? 3 : 2)),              // a sequence of no steps
        .. Directions.Select(d => All(op, d, false, attributes).Making(1).Float32()),
    ];

    // One activation at a time in the place of each default, and another for each direction.
    private static IEnumerable<GradientCase> Each(string op, int functions, params Attribute[] attributes)
    {
        for (var place = 0; place < functions; place++)
        {
            for (var i = 0; i < Activations.Length; i++)
            {
                yield return Activated("forward", place, i);
                yield return Activated("bidirectional", place, i, (i + 1) % Activations.Length);
            }
        }

        GradientCase Activated(string direction, int place, params int[] which)
        {
            var chosen = which.SelectMany(w => Defaults(op).Select((name, p) => p == place ? Activations[w] : new(name, null, null))).ToArray();
            return All(op, direction, op == "LSTM" && which[0] % 2 == 0,
            [
                .. attributes, new("activations", chosen.Select(c => c.Name).ToArray()),
                new("activation_alpha", chosen.Select(c => c.Alpha).OfType<float>().ToArray()), new("activation_beta", chosen.Select(c => c.Beta).OfType<float>().ToArray()),
            ]).Close();
        }
    }

    private static string[] Defaults(string op) => op switch { "RNN" => ["Tanh"], "GRU" => ["Sigmoid", "Tanh"], _ => ["Sigmoid", "Tanh", "Tanh"] };

    private static GradientCase Training(long d) => new(
        F(d, Steps, Batch, 4 * Hidden), F(d, 4 * Hidden), F(d, Batch, Hidden), F(d, Batch, Hidden), F(d, 4 * Hidden, Hidden));

    private static GradientCase Training(long d, long gates, long biases) => new(
        F(d, Steps, Batch, gates * Hidden), F(d, biases * Hidden), F(d, Batch, Hidden), F(d, gates * Hidden, Hidden));

    private static GradientCase All(string op, string direction, bool peepholes, params Attribute[] attributes) =>
        Of(op, direction, peepholes ? 8 : 7, [3, Steps, 1], attributes).Making(op == "LSTM" ? 3 : 2);

    private static GradientCase Of(string op, string direction, int inputs, int[]? lengths = null, params Attribute[] attributes)
    {
        long d = direction == "bidirectional" ? 2 : 1, rows = Hidden * (op switch { "RNN" => 1, "GRU" => 3, _ => 4 });
        Operand?[] all =
        [
            F(Steps, Batch, Width), F(d, rows, Width), F(d, rows, Hidden), F(d, 2 * rows), lengths is null ? null : Lengths(lengths),
            F(d, Batch, Hidden), F(d, Batch, Hidden), F(d, 3 * Hidden),
        ];
        var given = all[..Math.Max(inputs, lengths is null ? 0 : 5)][..Math.Min(Math.Max(inputs, lengths is null ? 0 : 5), op == "LSTM" ? 8 : 6)];
        return new GradientCase([.. given.Select(o => o is { Fixed: null } ? o.In(-1, 1) : o)])
            .With([.. attributes, ("hidden_size", (long)Hidden), ("direction", direction)]).Lowered().Sized(Known.All);
    }
}
