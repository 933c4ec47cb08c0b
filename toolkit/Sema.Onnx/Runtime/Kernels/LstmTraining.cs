using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>All steps of an LSTM.</summary>
internal sealed unsafe class LstmTraining : RecurrenceForward
{
    internal static readonly KernelDefinition Definition = Define("LSTMTraining", ["D T B 4H", "D 4H", "D B H", "D B H", "D 4H H"], 5, () => new LstmTraining());

    private float* _a, _bias, _c0, _h, _c, _gates;

    internal override void Compute(KernelContext context)
    {
        KernelTensor a = context.Input(0), r = context.Input(4);
        Size(a, r);
        _a = a.Floats;
        _bias = context.Input(1).Floats;
        _c0 = context.Input(3).Floats;
        var h0 = context.Input(2).Floats;
        _h = context.Output(0, Directions, Steps, Batch, Hidden).Floats;
        float* lastH = context.Output(1, Directions, Batch, Hidden).Floats, lastC = context.Output(2, Directions, Batch, Hidden).Floats;
        _c = context.Output(3, Directions, Steps, Batch, Hidden).Floats;
        _gates = context.Output(4, a.Sizes).Floats;
        if (_c is null)
            _c = Scratch.Floats(ScratchUse.States, At(Directions, 0));
        Run(context, r, h0, _h);
        Last(lastH, _h, h0);
        Last(lastC, _c, _c0);
    }

    /// <inheritdoc/>
    protected override void Read(int direction, int t, int first, float* sum) =>
        Read(_a + (4 * At(direction, t)) + first, _bias + ((long)direction * 4 * Hidden) + first, sum, Batch, Hidden, Hidden - first);

    /// <inheritdoc/>
    protected override void Cell(int direction, int t, int first, float* sum)
    {
        var at = At(direction, t, first);
        Cell(sum, Before(_c0, _c, direction, t, first), _h + at, _c + at, _gates is null ? null : _gates + (4 * At(direction, t)) + first, Batch, Hidden, Hidden - first);
    }

    // What the inputs bring into the four gates.
    private static void Read(float* a, float* bias, float* sum, int batch, int hidden, int left)
    {
        Vector512<float> i = Lanes.Load(bias, left), o = Lanes.Load(bias + hidden, left), f = Lanes.Load(bias + (2L * hidden), left), g = Lanes.Load(bias + (3L * hidden), left);
        for (var row = 0; row < batch; row++, a += 4L * hidden, sum += StepProduct.Panel)
        {
            (Lanes.Load(a, left) + i).Store(sum);
            (Lanes.Load(a + hidden, left) + o).Store(sum + Lane);
            (Lanes.Load(a + (2L * hidden), left) + f).Store(sum + (2 * Lane));
            (Lanes.Load(a + (3L * hidden), left) + g).Store(sum + (3 * Lane));
        }
    }

    // c = f c₋₁ + i g,  h = o tanh c
    private static void Cell(float* sum, float* before, float* h, float* c, float* gates, int batch, int hidden, int left)
    {
        for (var row = 0; row < batch; row++, sum += StepProduct.Panel, before += hidden, h += hidden, c += hidden)
        {
            Vector512<float> i = Gates.Sigmoid(Vector512.Load(sum)), o = Gates.Sigmoid(Vector512.Load(sum + Lane));
            Vector512<float> f = Gates.Sigmoid(Vector512.Load(sum + (2 * Lane))), g = Gates.Tanh(Vector512.Load(sum + (3 * Lane)));
            var cell = (f * Lanes.Load(before, left)) + (i * g);
            Lanes.Store(cell, c, left);
            Lanes.Store(o * Gates.Tanh(cell), h, left);
            if (gates is null)
                continue;
            Lanes.Store(i, gates, left);
            Lanes.Store(o, gates + hidden, left);
            Lanes.Store(f, gates + (2L * hidden), left);
            Lanes.Store(g, gates + (3L * hidden), left);
            gates += 4L * hidden;
        }
    }
}
