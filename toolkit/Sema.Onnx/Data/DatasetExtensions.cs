namespace Sema.Onnx.Data;

/// <summary>Views of data sets.</summary>
public static class DatasetExtensions
{
    /// <summary>Limits a data set to its first samples, for a quick run.</summary>
    /// <param name="data">The data set to look at; its samples are not copied.</param>
    /// <param name="count">How many samples to keep, at least 1. More than there are keeps all.</param>
    /// <returns>A view of the first <paramref name="count"/> samples.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1.</exception>
    public static IDataset First(this IDataset data, int count)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return count >= data.Count ? data : new Subset(data, count);
    }

    /// <summary>Adds an input that is the same number at every step, such as a sampling rate or a state of zeros.</summary>
    /// <param name="data">The data set to add to; it is not changed.</param>
    /// <param name="name">The model's input; the number fills its declared shape, an axis of samples taking the size of the batch.</param>
    /// <param name="value">The number; the input's type must hold it.</param>
    /// <returns>A view of the same samples.</returns>
    public static IDataset WithConstant(this IDataset data, string name, double value)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return new WithConstant(data, name, value);
    }
}
