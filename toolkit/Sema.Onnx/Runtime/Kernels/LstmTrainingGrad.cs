using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// All steps of an LSTM backwards. A step is one piece of work a panel of 64 hidden values: dh from the step behind, a product with its
/// whole dA, then the panel's own part of this step's dA.
/// </summary>
internal sealed unsafe class LstmTrainingGrad : Kernel
{
    internal static readonly KernelDefinition Definition = new("LSTMTrainingGrad",
        [.. Enumerable.Repeat(ElementType.Float32, 7)], [.. Enumerable.Repeat(ElementType.Float32, 4)], _ => new LstmTrainingGrad());

    private const int Lane = 16;

    private readonly StepProduct _product = new();
    private readonly Scratch _sums = new(), _unread = new();

    internal override void Compute(KernelContext context)
    {
        KernelTensor gates = context.Input(3), r = context.Input(6);
        int directions = gates.Sizes[0], steps = gates.Sizes[1], batch = gates.Sizes[2], hidden = r.Sizes[2];
        var state = (long)batch * hidden;
        float* dY = context.Input(0).Floats, dLast = context.Input(1).Floats, c = context.Input(4).Floats, c0 = context.Input(5).Floats;
        float* dA = context.Output(0, gates.Sizes).Floats, dB = context.Output(1, directions, 4 * hidden).Floats;
        float* dH = context.Output(2, directions, batch, hidden).Floats, dC = context.Output(3, directions, batch, hidden).Floats;
        var unread = _unread.Floats((directions * state) + (4L * directions * hidden));
        dC = dC is null ? unread : dC;
        dB = dB is null ? unread + (directions * state) : dB;
        new Span<float>(dB, 4 * directions * hidden).Clear();
        new ReadOnlySpan<float>(context.Input(2).Floats, (int)(directions * state)).CopyTo(new(dC, (int)(directions * state)));

        var panels = (hidden + StepProduct.Panel - 1) / StepProduct.Panel;
        var parts = Math.Min(directions * panels, Environment.ProcessorCount);
        _product.Reserve(4 * hidden, directions * panels);
        var sums = _sums.Floats((long)parts * batch * StepProduct.Panel);
        var t = steps;
        Action<int> part = i =>
        {
            for (var panel = directions * panels * i / parts; panel < directions * panels * (i + 1) / parts; panel++)
                Step(panel, panel / panels, panel % panels * StepProduct.Panel, sums + ((long)i * batch * StepProduct.Panel));
        };
        for (; t >= 0; t--)
            context.Parallel(parts, part);

        // dh behind step t − 1, and with it dA there; behind step −1 it is the gradient of the first state.
        void Step(int panel, int direction, int first, float* sum)
        {
            long at = ((long)direction * steps + t) * state, start = direction * state;
            var columns = Math.Min(StepProduct.Panel, hidden - first);
            if (t == steps)
            {
                _product.PackColumns(panel, r.Floats + ((long)direction * 4 * hidden * hidden) + first, hidden, columns);
                Copy(dLast + start + first, hidden, sum, StepProduct.Panel, batch, columns);
            }
            else
            {
                new Span<float>(sum, batch * StepProduct.Panel).Clear();
                _product.Multiply(panel, dA + (at * 4), 4 * hidden, sum, batch);
            }

            if (t == 0)
            {
                if (dH is not null)
                    Copy(sum, StepProduct.Panel, dH + start + first, hidden, batch, columns);
                return;
            }

            at -= state;
            var before = t == 1 ? c0 + start : c + at - state;
            for (var j = 0; j < columns; j += Lane)
            {
                var k = first + j;
                Gates(sum + j, dY + at + k, gates.Floats + (at * 4) + k, c + at + k, before + k, dC + start + k,
                    dA + (at * 4) + k, dB + ((long)direction * 4 * hidden) + k, batch, hidden, hidden - k);
            }
        }
    }

    private static void Copy(float* from, int fromStride, float* to, int toStride, int rows, int columns)
    {
        for (var row = 0; row < rows; row++)
            new ReadOnlySpan<float>(from + ((long)row * fromStride), columns).CopyTo(new(to + ((long)row * toStride), columns));
    }

    // dh = dY + sum,  dc += o dh (1 − tanh² c),  dA = (g dc i (1 − i), tanh c dh o (1 − o), c₋₁ dc f (1 − f), i dc (1 − g²)),  dc₋₁ = f dc
    private static void Gates(float* sum, float* dY, float* gates, float* c, float* before, float* dC, float* dA, float* dB, int batch, int hidden, int left)
    {
        var one = Vector512<float>.One;
        Vector512<float> sumI = default, sumO = default, sumF = default, sumG = default;
        long second = hidden, third = 2L * hidden, fourth = 3L * hidden;
        for (var row = 0; row < batch; row++)
        {
            Vector512<float> i = Lanes.Load(gates, left), o = Lanes.Load(gates + second, left), f = Lanes.Load(gates + third, left), g = Lanes.Load(gates + fourth, left);
            var shown = Lanes.Tanh(Lanes.Load(c, left));
            var dh = Vector512.Load(sum) + Lanes.Load(dY, left);
            var dc = Lanes.Load(dC, left) + (dh * o * (one - (shown * shown)));
            Vector512<float> dI = dc * g * i * (one - i), dO = dh * shown * o * (one - o);
            Vector512<float> dF = dc * Lanes.Load(before, left) * f * (one - f), dG = dc * i * (one - (g * g));
            (dc * f).Store(dC, left);
            dI.Store(dA, left);
            dO.Store(dA + second, left);
            dF.Store(dA + third, left);
            dG.Store(dA + fourth, left);
            (sumI, sumO, sumF, sumG) = (sumI + dI, sumO + dO, sumF + dF, sumG + dG);
            sum += StepProduct.Panel;
            dY += hidden;
            c += hidden;
            before += hidden;
            dC += hidden;
            gates += 4L * hidden;
            dA += 4L * hidden;
        }

        (Lanes.Load(dB, left) + sumI).Store(dB, left);
        (Lanes.Load(dB + second, left) + sumO).Store(dB + second, left);
        (Lanes.Load(dB + third, left) + sumF).Store(dB + third, left);
        (Lanes.Load(dB + fourth, left) + sumG).Store(dB + fourth, left);
    }
}
