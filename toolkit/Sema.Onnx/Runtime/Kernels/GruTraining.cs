using System.Runtime.Intrinsics;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>All steps of a GRU with linear_before_reset.</summary>
internal sealed unsafe class GruTraining : RecurrenceForward
{
    internal static readonly KernelDefinition Definition = Define("GRUTraining", ["D T B 3H", "D 4H", "D B H", "D 3H H"], 4, () => new GruTraining());

    private float* _a, _bias, _h0, _h, _gates, _n;

    internal override void Compute(KernelContext context)
    {
        KernelTensor a = context.Input(0), r = context.Input(3);
        Size(a, r);
        _a = a.Floats;
        _bias = context.Input(1).Floats;
        _h0 = context.Input(2).Floats;
        _h = context.Output(0, Directions, Steps, Batch, Hidden).Floats;
        var last = context.Output(1, Directions, Batch, Hidden).Floats;
        _gates = context.Output(2, a.Sizes).Floats;
        _n = context.Output(3, Directions, Steps, Batch, Hidden).Floats;
        Run(context, r, _h0, _h);
        Last(last, _h, _h0);
    }

    /// <inheritdoc/>
    protected override void Read(int direction, int t, int first, float* sum) =>
        Read(_a + (3 * At(direction, t)) + first, _bias + ((long)direction * 4 * Hidden) + first, sum, Batch, Hidden, Hidden - first);

    /// <inheritdoc/>
    protected override void Cell(int direction, int t, int first, float* sum)
    {
        long at = At(direction, t, first), gate = (3 * At(direction, t)) + first;
        Cell(sum, _a + gate + (2L * Hidden), _bias + (((4L * direction) + 2) * Hidden) + first, Before(_h0, _h, direction, t, first),
            _h + at, _gates is null ? null : _gates + gate, _n is null ? null : _n + at, Batch, Hidden, Hidden - first);
    }

    // What the inputs bring into z and r; the candidate's part waits for r, and only the bias is added to the state's.
    private static void Read(float* a, float* bias, float* sum, int batch, int hidden, int left)
    {
        Vector512<float> z = Lanes.Load(bias, left), r = Lanes.Load(bias + hidden, left), n = Lanes.Load(bias + (3L * hidden), left);
        for (var row = 0; row < batch; row++, a += 3L * hidden, sum += StepProduct.Panel)
        {
            (Lanes.Load(a, left) + z).Store(sum);
            (Lanes.Load(a + hidden, left) + r).Store(sum + Lane);
            n.Store(sum + (2 * Lane));
            Vector512<float>.Zero.Store(sum + (3 * Lane));
        }
    }

    // h̃ = tanh(a + b + r n),  h = (1 − z) h̃ + z h₋₁
    private static void Cell(float* sum, float* a, float* bias, float* before, float* h, float* gates, float* inner, int batch, int hidden, int left)
    {
        var b = Lanes.Load(bias, left);
        for (var row = 0; row < batch; row++, sum += StepProduct.Panel, a += 3L * hidden, before += hidden, h += hidden)
        {
            Vector512<float> z = Gates.Sigmoid(Vector512.Load(sum)), r = Gates.Sigmoid(Vector512.Load(sum + Lane)), n = Vector512.Load(sum + (2 * Lane));
            var candidate = Gates.Tanh(Lanes.Load(a, left) + b + (r * n));
            Lanes.Store(((Vector512<float>.One - z) * candidate) + (z * Lanes.Load(before, left)), h, left);
            if (gates is not null)
            {
                Lanes.Store(z, gates, left);
                Lanes.Store(r, gates + hidden, left);
                Lanes.Store(candidate, gates + (2L * hidden), left);
                gates += 3L * hidden;
            }

            if (inner is not null)
            {
                Lanes.Store(n, inner, left);
                inner += hidden;
            }
        }
    }
}
