using System.Runtime.Intrinsics;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// The steps backwards of a GRU that resets the state before the product, from the slopes k. The reset gate's gradient needs a product with the
/// candidate's whole gradient, so the threads meet twice a step.
/// </summary>
internal sealed unsafe class GruRecurrenceGrad : Kernel
{
    internal static readonly KernelDefinition Definition = new("GRURecurrenceGrad",
        [.. Enumerable.Repeat(ElementType.Float32, 9)], [ElementType.Float32, ElementType.Float32], _ => new GruRecurrenceGrad())
    { Sizes = ["D T B H", "D B H", "D T B H", "D T B H", "D T B H", "D T B H", "D T B H", "D 2H H", "D H H"] };

    internal override void Compute(KernelContext context)
    {
        KernelTensor tensor = context.Input(2);
        int directions = tensor.Sizes[0], steps = tensor.Sizes[1], batch = tensor.Sizes[2], hidden = tensor.Sizes[3];
        float* dY = context.Input(0).Floats, dLast = context.Input(1).Floats, z = tensor.Floats, r = context.Input(3).Floats, kz = context.Input(4).Floats;
        float* kr = context.Input(5).Floats, kh = context.Input(6).Floats, rzr = context.Input(7).Floats, rh = context.Input(8).Floats;
        float* dA = context.Output(0, directions, steps, batch, 3 * hidden).Floats, dFirst = context.Output(1, directions, batch, hidden).Floats;

        int panels = (hidden + StepProduct.Panel - 1) / StepProduct.Panel, all = directions * panels, parts = Math.Min(all, Environment.ProcessorCount);
        var weights = Scratch.Floats(ScratchUse.Weights, StepProduct.Size(3 * hidden, all));
        StepProduct ofGates = new(weights, 2 * hidden), ofCandidate = new(weights + StepProduct.Size(2 * hidden, all), hidden);
        var kept = Scratch.Floats(ScratchUse.States, (long)all * batch * StepProduct.Panel * 2);
        var q = kept + ((long)all * batch * StepProduct.Panel);
        var t = steps - 1;
        Action<int> pack = i => Each(i, Pack), update = i => Each(i, Update), reset = i => Each(i, Reset);
        context.Parallel(parts, pack);
        for (; t >= 0; t--)
        {
            context.Parallel(parts, update);
            context.Parallel(parts, reset);
        }

        context.Parallel(parts, update);

        void Each(int part, Action<int, int, int, long> body)
        {
            for (var panel = all * part / parts; panel < all * (part + 1) / parts; panel++)
                body(panel, panel / panels, panel % panels * StepProduct.Panel, (long)panel * batch * StepProduct.Panel);
        }

        void Pack(int panel, int direction, int first, long state)
        {
            var columns = Math.Min(StepProduct.Panel, hidden - first);
            ofGates.PackColumns(panel, rzr + ((long)direction * 2 * hidden * hidden) + first, hidden, columns);
            ofCandidate.PackColumns(panel, rh + ((long)direction * hidden * hidden) + first, hidden, columns);
            for (var row = 0; row < batch; row++)
                new ReadOnlySpan<float>(dLast + ((((long)direction * batch) + row) * hidden) + first, columns).CopyTo(new(kept + state + (row * StepProduct.Panel), columns));
        }

        // dh = dY + what was kept + dAzr Rzr of the step behind,  dAz = kz dh,  dAh = kh dh; z dh is kept.
        void Update(int panel, int direction, int first, long state)
        {
            var at = ((long)direction * steps) + t;
            if (t < steps - 1)
                ofGates.Multiply(panel, dA + ((at + 1) * batch * 3 * hidden), 3 * hidden, kept + state, batch);
            for (var row = 0; row < batch; row++)
            {
                for (var j = first; j < Math.Min(hidden, first + StepProduct.Panel); j += 16)
                {
                    var own = kept + state + (row * StepProduct.Panel) + j - first;
                    var left = hidden - j;
                    var dh = Vector512.Load(own);
                    if (t < 0)
                    {
                        if (dFirst is not null)
                            Lanes.Store(dh, dFirst + ((((long)direction * batch) + row) * hidden) + j, left);
                        continue;
                    }

                    long place = (((at * batch) + row) * hidden) + j, gate = (((at * batch) + row) * 3 * hidden) + j;
                    dh += Lanes.Load(dY + place, left);
                    Lanes.Store(dh * Lanes.Load(kz + place, left), dA + gate, left);
                    Lanes.Store(dh * Lanes.Load(kh + place, left), dA + gate + (2 * hidden), left);
                    (dh * Lanes.Load(z + place, left)).Store(own);
                }
            }
        }

        // q = dAh Rh,  dAr = kr q; r q is kept.
        void Reset(int panel, int direction, int first, long state)
        {
            var at = ((long)direction * steps) + t;
            new Span<float>(q + state, batch * StepProduct.Panel).Clear();
            ofCandidate.Multiply(panel, dA + (at * batch * 3 * hidden) + (2 * hidden), 3 * hidden, q + state, batch);
            for (var row = 0; row < batch; row++)
            {
                for (var j = first; j < Math.Min(hidden, first + StepProduct.Panel); j += 16)
                {
                    var (own, left) = (state + (row * StepProduct.Panel) + j - first, hidden - j);
                    long place = (((at * batch) + row) * hidden) + j, gate = (((at * batch) + row) * 3 * hidden) + j;
                    var product = Vector512.Load(q + own);
                    Lanes.Store(product * Lanes.Load(kr + place, left), dA + gate + hidden, left);
                    (Vector512.Load(kept + own) + (product * Lanes.Load(r + place, left))).Store(kept + own);
                }
            }
        }
    }
}
