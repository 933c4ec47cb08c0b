namespace Sema.Onnx.Data;

/// <summary>A data set's two parts.</summary>
/// <param name="Train">The samples to train on.</param>
/// <param name="Test">The samples to evaluate on, or <see langword="null"/> where the source holds none.</param>
public sealed record DataSplit(IDataset Train, IDataset? Test);
