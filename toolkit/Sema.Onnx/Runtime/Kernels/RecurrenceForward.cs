using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>
/// A recurrence forwards. A panel of the product holds all gates of some hidden values, which become their states at once; so the threads meet
/// once a step.
/// </summary>
/// <remarks>Sizes: D directions, T steps, B sequences, H hidden values; states are [D, T, B, H], what goes into the gates [D, T, B, gates·H].</remarks>
internal abstract unsafe class RecurrenceForward : Kernel
{
    /// <summary>The columns of each gate in a panel, where there are several gates.</summary>
    protected const int Lane = 16;

    /// <summary>Gets B.</summary>
    protected int Batch { get; private set; }

    /// <summary>Gets H.</summary>
    protected int Hidden { get; private set; }

    /// <summary>Gets D.</summary>
    protected int Directions { get; private set; }

    /// <summary>Gets T.</summary>
    protected int Steps { get; private set; }

    /// <summary>Makes the definition of a kernel whose tensors are all float32.</summary>
    protected static KernelDefinition Define(string name, string[] inputs, int outputs, Func<Kernel> create) => new(name,
        [.. inputs.Select(_ => ElementType.Float32)], [.. Enumerable.Repeat(ElementType.Float32, outputs)], _ => create())
    { Sizes = inputs };

    /// <summary>Takes the sizes from an operator's tensors.</summary>
    /// <param name="a">What goes into the gates.</param>
    /// <param name="r">R, [D, gates·H, H].</param>
    protected void Size(KernelTensor a, KernelTensor r)
    {
        (Directions, Steps, Batch, Hidden) = (a.Sizes[0], a.Sizes[1], a.Sizes[2], r.Sizes[2]);
        Require(Hidden > 0, "A recurrence needs one hidden value at least.");
    }

    /// <summary>Runs all steps.</summary>
    /// <param name="context">The threads.</param>
    /// <param name="r">R, [D, gates·H, H], of one, three or four gates.</param>
    /// <param name="h0">The state before the first step, [D, B, H].</param>
    /// <param name="h">The states, which <see cref="Cell"/> writes.</param>
    protected void Run(KernelContext context, KernelTensor r, float* h0, float* h)
    {
        var gates = r.Sizes[1] / Hidden;
        var width = gates == 1 ? StepProduct.Panel : Lane;
        int panels = (Hidden + width - 1) / width, all = Directions * panels, parts = Math.Min(all, Environment.ProcessorCount);
        var product = new StepProduct(Scratch.Floats(ScratchUse.Weights, StepProduct.Size(Hidden, all)), Hidden);
        var sums = Scratch.Floats(ScratchUse.Sums, (long)parts * Batch * StepProduct.Panel);
        var t = -1;
        Action<int> part = i =>
        {
            for (var panel = all * i / parts; panel < all * (i + 1) / parts; panel++)
            {
                int direction = panel / panels, first = panel % panels * width;
                if (t < 0)
                    Pack(product.At(panel), r.Floats + ((long)direction * gates * Hidden * Hidden), gates, width, first, Hidden);
                else
                    Step(panel, direction, first, sums + ((long)i * Batch * StepProduct.Panel));
            }
        };
        for (; t < Steps; t++)
            context.Parallel(parts, part);

        void Step(int panel, int direction, int first, float* sum)
        {
            Read(direction, t, first, sum);
            product.Multiply(panel, Before(h0, h, direction, t), Hidden, sum, Batch);
            Cell(direction, t, first, sum);
        }
    }

    /// <summary>Gets the place of a state.</summary>
    protected long At(int direction, int t, int column = 0) => ((((long)direction * Steps) + t) * Batch * Hidden) + column;

    /// <summary>Gets the state before a step, [B, H].</summary>
    protected float* Before(float* initial, float* states, int direction, int t, int column = 0) =>
        t == 0 ? initial + ((long)direction * Batch * Hidden) + column : states + At(direction, t - 1, column);

    /// <summary>Copies the state behind the last step, [D, B, H], where it is asked for.</summary>
    protected void Last(float* last, float* states, float* initial)
    {
        var state = checked(Batch * Hidden);
        for (var direction = 0; last is not null && direction < Directions; direction++)
            new Span<float>(Before(initial, states, direction, Steps), state).CopyTo(new(last + ((long)direction * state), state));
    }

    /// <summary>Fills a panel's rows, 64 apart, with what is there before the product with the state.</summary>
    protected abstract void Read(int direction, int t, int first, float* sum);

    /// <summary>Goes through the cells of a panel, for all sequences.</summary>
    /// <param name="direction">The direction.</param>
    /// <param name="t">The step.</param>
    /// <param name="first">The panel's first hidden value.</param>
    /// <param name="sum">What <see cref="Read"/> filled in plus the product, rows 64 apart; gate after gate.</param>
    protected abstract void Cell(int direction, int t, int first, float* sum);

    // Column width·q + j of a panel is gate q of hidden value first + j: a row of R. Sixteen of its elements at a time keep to the first cache.
    private static void Pack(float* packed, float* r, int gates, int width, int first, int hidden)
    {
        if (first + width > hidden || gates * width < StepProduct.Panel)
            new Span<float>(packed, hidden * StepProduct.Panel).Clear();
        for (var k = 0; k < hidden; k += Lane)
        {
            var end = Math.Min(hidden, k + Lane);
            for (var gate = 0; gate < gates; gate++)
            {
                for (var j = first; j < Math.Min(hidden, first + width); j++)
                    Scatter(r + ((((long)gate * hidden) + j) * hidden), packed + (gate * width) + j - first, k, end);
            }
        }
    }

    private static void Scatter(float* row, float* column, int from, int to)
    {
        for (var k = from; k < to; k++)
            column[(long)k * StepProduct.Panel] = row[k];
    }
}
