using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>cₜ = fₜ cₜ₋₁ + uₜ, element by element.</summary>
internal sealed unsafe class LinearRecurrence : Kernel
{
    internal static readonly KernelDefinition Definition = new("LinearRecurrence",
        [ElementType.Float32, ElementType.Float32, ElementType.Float32], [ElementType.Float32], _ => new LinearRecurrence())
    { Sizes = ["D T *", "D T *", "D *"] };

    internal override void Compute(KernelContext context)
    {
        KernelTensor f = context.Input(0), u = context.Input(1), c0 = context.Input(2), c = context.Output(0, f.Sizes);
        var (steps, state) = (f.Sizes[1], f.Product(2, f.Sizes.Length));
        for (var direction = 0; direction < f.Sizes[0]; direction++)
        {
            var start = direction * steps * state;
            context.ParallelRange(state, 1 << 10, (from, to) =>
            {
                for (var t = 0; t < steps; t++)
                    Step(t, from, to);
            });

            void Step(int t, long from, long to)
            {
                var at = start + (t * state);
                var before = t == 0 ? c0.Floats + (direction * state) : c.Floats + at - state;
                for (var j = from; j < to; j += 16)
                {
                    var left = (int)Math.Min(to - j, 16);
                    Lanes.Store((Lanes.Load(f.Floats + at + j, left) * Lanes.Load(before + j, left)) + Lanes.Load(u.Floats + at + j, left), c.Floats + at + j, left);
                }
            }
        }
    }
}
