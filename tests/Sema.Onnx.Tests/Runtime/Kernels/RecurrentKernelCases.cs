using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// Cases of the recurrent kernels: directions, steps, sequences, hidden values. Rows around a block of six, hidden values around a vector's 16 and
/// a panel's 64; one step, no sequence.
/// </summary>
internal static class RecurrentKernelCases
{
    private static readonly (long D, long T, long B, long H)[] Sizes =
        [(1, 1, 1, 1), (1, 3, 2, 5), (2, 4, 7, 17), (1, 2, 6, 64), (2, 3, 20, 80), (1, 3, 13, 130), (1, 2, 0, 4)];

    // The case of a kernel for any sizes.
    internal static readonly Dictionary<string, Func<(long D, long T, long B, long H), KernelCase>> OfSizes = new()
    {
        ["LSTMTraining"] = Lstm,
        ["LSTMTrainingGrad"] = LstmGrad,
        ["LSTMRecurrenceGrad"] = s => Case(s, (0, 1), (1, 1), (1, 1), (0, 4), (0, 1), (0, 1), (4, 1)),
        ["GRUTraining"] = s => Of(s, 3, 4),
        ["GRUTrainingGrad"] = s => Case(s, (0, 1), (1, 1), (6, 3), (0, 1), (0, 1), (1, 1), (3, 1)),
        ["RNNTraining"] = s => Of(s, 1, 1),
        ["LinearRecurrence"] = s => Case(s, (6, 1), (0, 1), (1, 1)),
        ["RNNRecurrenceGrad"] = s => Case(s, (0, 1), (1, 1), (0, 1), (5, 1)),
        ["GRULinearRecurrenceGrad"] = s => Case(s, (0, 1), (1, 1), (6, 1), (0, 3), (3, 1)),
        ["GRURecurrenceGrad"] = s => Case(s, (0, 1), (1, 1), (6, 1), (6, 1), (0, 1), (0, 1), (0, 1), (2, 1), (5, 1)),
    };

    internal static readonly Dictionary<string, KernelCase[]> Table = OfSizes.ToDictionary(k => k.Key, k => (KernelCase[])[.. Sizes.Select(k.Value), .. Partial(k.Key, k.Value)]);

    // Cases without some outputs.
    private static KernelCase[] Partial(string name, Func<(long D, long T, long B, long H), KernelCase> of) => name switch
    {
        "LSTMTraining" => [of((2, 3, 5, 20)) with { Without = [1, 2] }, of((1, 3, 5, 20)) with { Without = [1, 2, 3] }],
        "LSTMTrainingGrad" or "GRUTraining" or "GRUTrainingGrad" => [of((2, 3, 5, 20)) with { Without = [1, 2] }],
        "LSTMRecurrenceGrad" => [of((1, 3, 2, 3)) with { Without = [1] }],
        _ => [],
    };

    private static KernelCase Lstm((long D, long T, long B, long H) s) =>
        new([Normal(s.D, s.T, s.B, 4 * s.H), Normal(s.D, 4 * s.H), Normal(s.D, s.B, s.H), Normal(s.D, s.B, s.H), Weights(s.D, 4 * s.H, s.H)]);

    private static KernelCase Of((long D, long T, long B, long H) s, long gates, long biases) =>
        new([Normal(s.D, s.T, s.B, gates * s.H), Normal(s.D, biases * s.H), Normal(s.D, s.B, s.H), Weights(s.D, gates * s.H, s.H)]);

    private static KernelCase LstmGrad((long D, long T, long B, long H) s) => Case(s, (0, 1), (1, 1), (1, 1), (6, 4), (0, 1), (1, 1), (4, 1));

    // What an input is: 0 a value of each step, 1 a state, 2 to 5 weights of so many gates (5 of one), 6 a gate of each step; and how many wide.
    private static KernelCase Case((long D, long T, long B, long H) s, params (int Kind, int Gates)[] inputs) => new([.. inputs.Select(i => i.Kind switch
    {
        0 => Normal(s.D, s.T, s.B, i.Gates * s.H),
        1 => Normal(s.D, s.B, s.H),
        6 => Positive(s.D, s.T, s.B, i.Gates * s.H),
        _ => Weights(s.D, (i.Kind == 5 ? 1 : i.Kind) * s.H, s.H),
    })]);

    // As small as weights are, so that sums over many hidden values stay where the gates are steep.
    private static Func<Random, HostTensor> Weights(params long[] shape) => random =>
    {
        var tensor = Normal(shape)(random);
        var scaled = tensor.As<float>().ToArray();
        for (var i = 0; i < scaled.Length; i++)
            scaled[i] *= 1 / MathF.Sqrt(4 * shape[^1]);
        return HostTensor.Of<float>(scaled, shape);
    };
}
