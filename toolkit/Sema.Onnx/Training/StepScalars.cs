using Sema.Onnx.Graphs.Optimizers;

namespace Sema.Onnx.Training;

/// <summary>The scalars of an optimizer that depend on the steps so far, such as a product of momenta: step after step, or from the
/// first again after a resume.</summary>
/// <param name="optimizer">The optimizer.</param>
/// <param name="rate">The learning rate of a step since the optimizer started, from 1.</param>
internal sealed class StepScalars(Optimizer optimizer, Func<long, double> rate) : IDisposable
{
    private IEnumerator<IReadOnlyList<double>>? _values;
    private long _step;

    /// <summary>Gets the scalars of a step since the optimizer started, from 1.</summary>
    internal IReadOnlyList<double> At(long step)
    {
        if (optimizer.Scalars.Count == 0)
            return [];
        if (_values is null || step <= _step)
        {
            _values?.Dispose();
            (_values, _step) = (optimizer.ScalarValues(rate).GetEnumerator(), 0);
        }

        for (; _step < step; _step++)
            _values.MoveNext();
        return _values.Current;
    }

    /// <inheritdoc/>
    public void Dispose() => _values?.Dispose();
}
