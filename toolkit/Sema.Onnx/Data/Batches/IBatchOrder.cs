namespace Sema.Onnx.Data.Batches;

/// <summary>Says which samples make up each batch. One thread at a time.</summary>
internal interface IBatchOrder
{
    /// <summary>Gets the number of batches in an epoch, at least 1.</summary>
    int BatchesPerEpoch { get; }

    /// <summary>Gets the samples of one batch, at most as many as its size; valid until the next call.</summary>
    ReadOnlySpan<int> Samples(int epoch, int batch);
}
