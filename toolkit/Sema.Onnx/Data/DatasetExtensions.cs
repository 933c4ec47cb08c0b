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
}
