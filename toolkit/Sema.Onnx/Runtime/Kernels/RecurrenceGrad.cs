using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// A recurrence backwards. A step is one piece of work a panel of 64 hidden values: dh out of the step behind, a product with its whole dA,
/// then the panel's own part of this step's dA. So the threads meet once a step.
/// </summary>
/// <remarks>Sizes: D directions, T steps, B sequences, H hidden values; states are [D, T, B, H], what goes into the gates [D, T, B, gates·H].</remarks>
internal abstract unsafe class RecurrenceGrad : Kernel
{
    /// <summary>Gets B.</summary>
    protected int Batch { get; private set; }

    /// <summary>Gets H.</summary>
    protected int Hidden { get; private set; }

    /// <summary>Gets T.</summary>
    protected int Steps { get; private set; }

    /// <summary>Makes the definition of a kernel whose tensors are all float32.</summary>
    protected static KernelDefinition Define(string name, string[] inputs, int outputs, Func<Kernel> create) => new(name,
        [.. inputs.Select(_ => ElementType.Float32)], [.. Enumerable.Repeat(ElementType.Float32, outputs)], _ => create())
    { Sizes = inputs };

    /// <summary>Runs all steps.</summary>
    /// <param name="context">The threads.</param>
    /// <param name="shape">D, T, B and any width.</param>
    /// <param name="r">R, [D, gates·H, H].</param>
    /// <param name="dLast">The gradient of the state behind the last step, [D, B, H].</param>
    /// <param name="dFirst">That of the state before the first, [D, B, H].</param>
    protected void Run(KernelContext context, int[] shape, KernelTensor r, float* dLast, float* dFirst)
    {
        (Steps, Batch, Hidden) = (shape[1], shape[2], r.Sizes[2]);
        int depth = r.Sizes[1], panels = (Hidden + StepProduct.Panel - 1) / StepProduct.Panel, all = shape[0] * panels;
        var parts = Math.Min(all, Environment.ProcessorCount);
        var product = new StepProduct(Scratch.Floats(ScratchUse.Weights, StepProduct.Size(depth, all)), depth);
        var sums = Scratch.Floats(ScratchUse.Sums, (long)parts * Batch * StepProduct.Panel);
        var t = Steps;
        Action<int> part = i =>
        {
            for (var panel = all * i / parts; panel < all * (i + 1) / parts; panel++)
                Step(panel, panel / panels, panel % panels * StepProduct.Panel, sums + ((long)i * Batch * StepProduct.Panel));
        };
        for (; t >= 0; t--)
            context.Parallel(parts, part);

        void Step(int panel, int direction, int first, float* sum)
        {
            var columns = Math.Min(StepProduct.Panel, Hidden - first);
            var state = ((long)direction * Batch * Hidden) + first;
            if (t == Steps)
            {
                product.PackColumns(panel, r.Floats + ((long)direction * depth * Hidden) + first, Hidden, columns);
                Copy(dLast + state, Hidden, sum, StepProduct.Panel, Batch, columns);
            }
            else
            {
                new Span<float>(sum, Batch * StepProduct.Panel).Clear();
                Kept(direction, t, first, columns, sum);
                product.Multiply(panel, IntoGates(direction, t), depth, sum, Batch);
            }

            if (t == 0)
            {
                if (dFirst is not null)
                    Copy(sum, StepProduct.Panel, dFirst + state, Hidden, Batch, columns);
                return;
            }

            for (var j = 0; j < columns; j += 16)
                Cell(direction, t - 1, first + j, sum + j);
        }
    }

    /// <summary>Gets the place of a state.</summary>
    protected long At(int direction, int t, int column = 0) => ((((long)direction * Steps) + t) * Batch * Hidden) + column;

    /// <summary>Gets what R is multiplied with to give dh of the step before: [B, gates·H].</summary>
    protected abstract float* IntoGates(int direction, int t);

    /// <summary>Adds to the gradient of the step before what a step hands on without R.</summary>
    /// <param name="direction">The direction.</param>
    /// <param name="t">The step.</param>
    /// <param name="first">The first hidden value.</param>
    /// <param name="columns">How many there are, up to 64.</param>
    /// <param name="sum">Zeros, rows of 64.</param>
    protected virtual void Kept(int direction, int t, int first, int columns, float* sum)
    {
    }

    /// <summary>Goes through the cells of 16 hidden values, for all sequences.</summary>
    /// <param name="direction">The direction.</param>
    /// <param name="t">The step.</param>
    /// <param name="column">The first hidden value.</param>
    /// <param name="sum">What arrives from the step behind, rows 64 apart.</param>
    protected abstract void Cell(int direction, int t, int column, float* sum);

    /// <summary>Copies rows.</summary>
    protected static void Copy(float* from, int fromStride, float* to, int toStride, int rows, int columns)
    {
        for (var row = 0; row < rows; row++)
            new ReadOnlySpan<float>(from + ((long)row * fromStride), columns).CopyTo(new(to + ((long)row * toStride), columns));
    }
}
