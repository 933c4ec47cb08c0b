using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>All steps of an LSTM: a panel of the product holds the four gates of 16 hidden values, which become their states at once.</summary>
internal sealed unsafe class LstmTraining : Kernel
{
    internal static readonly KernelDefinition Definition = new("LSTMTraining",
        [.. Enumerable.Repeat(ElementType.Float32, 5)], [.. Enumerable.Repeat(ElementType.Float32, 5)], _ => new LstmTraining());

    private const int Lane = 16;

    internal override void Compute(KernelContext context)
    {
        KernelTensor a = context.Input(0), h0 = context.Input(2), c0 = context.Input(3), r = context.Input(4);
        int directions = a.Sizes[0], steps = a.Sizes[1], batch = a.Sizes[2], hidden = r.Sizes[2];
        var state = (long)batch * hidden;
        float* bias = context.Input(1).Floats, h = context.Output(0, directions, steps, batch, hidden).Floats;
        float* lastH = context.Output(1, directions, batch, hidden).Floats, lastC = context.Output(2, directions, batch, hidden).Floats;
        float* c = context.Output(3, directions, steps, batch, hidden).Floats, gates = context.Output(4, a.Sizes).Floats;
        if (c is null)
            c = Scratch.Floats(ScratchUse.States, directions * steps * state);

        var panels = (hidden + Lane - 1) / Lane;
        var parts = Math.Min(directions * panels, Environment.ProcessorCount);
        var product = new StepProduct(Scratch.Floats(ScratchUse.Weights, StepProduct.Size(hidden, directions * panels)), hidden);
        var sums = Scratch.Floats(ScratchUse.Sums, (long)parts * batch * StepProduct.Panel);
        var t = -1;
        Action<int> part = i =>
        {
            for (var panel = directions * panels * i / parts; panel < directions * panels * (i + 1) / parts; panel++)
            {
                int direction = panel / panels, first = panel % panels * Lane;
                if (t < 0)
                    Pack(product.At(panel), r.Floats + ((long)direction * 4 * hidden * hidden), first, hidden);
                else
                    Step(panel, direction, first, sums + ((long)i * batch * StepProduct.Panel));
            }
        };
        for (; t < steps; t++)
            context.Parallel(parts, part);
        for (var direction = 0; direction < directions; direction++)
        {
            Last(lastH, h, h0.Floats, direction);
            Last(lastC, c, c0.Floats, direction);
        }

        void Step(int panel, int direction, int first, float* sum)
        {
            long at = ((long)direction * steps + t) * state, before = t == 0 ? direction * state : at - state;
            Read(a.Floats + (at * 4) + first, bias + ((long)direction * 4 * hidden) + first, sum, batch, hidden, hidden - first);
            product.Multiply(panel, (t == 0 ? h0.Floats : h) + before, hidden, sum, batch);
            Cell(sum, (t == 0 ? c0.Floats : c) + before + first, h + at + first, c + at + first,
                gates is null ? null : gates + (at * 4) + first, batch, hidden, hidden - first);
        }

        void Last(float* last, float* states, float* initial, int direction)
        {
            if (last is not null)
                new Span<float>(steps == 0 ? initial + (direction * state) : states + ((((long)direction + 1) * steps - 1) * state), (int)state)
                    .CopyTo(new(last + (direction * state), (int)state));
        }
    }

    // Column 16 q + j of a panel is gate q of hidden value first + j: a row of R. Sixteen of its elements at a time keep to the first cache.
    private static void Pack(float* packed, float* r, int first, int hidden)
    {
        if (first + Lane > hidden)
            new Span<float>(packed, hidden * StepProduct.Panel).Clear();
        for (var k = 0; k < hidden; k += Lane)
        {
            var end = Math.Min(hidden, k + Lane);
            for (var gate = 0; gate < 4; gate++)
            {
                for (var j = first; j < Math.Min(hidden, first + Lane); j++)
                    Scatter(r + ((((long)gate * hidden) + j) * hidden), packed + (gate * Lane) + j - first, k, end);
            }
        }
    }

    private static void Scatter(float* row, float* column, int from, int to)
    {
        for (var k = from; k < to; k++)
            column[(long)k * StepProduct.Panel] = row[k];
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
