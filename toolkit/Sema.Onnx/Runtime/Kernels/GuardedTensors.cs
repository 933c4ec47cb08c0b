namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Guarded copies of the tensors of one run, for tests: inputs that no kernel may write to, outputs that it writes whole.</summary>
internal sealed unsafe class GuardedTensors : IDisposable
{
    // By where the tensor itself is; what is written over an input is the same copy.
    private readonly Dictionary<nint, (GuardedMemory Copy, long Bytes, bool IsOutput)> _copies = [];

    /// <summary>Gets the copy of an input.</summary>
    internal nint Input(nint data, long bytes)
    {
        lock (_copies)
        {
            if (bytes == 0)
                return data;
            if (!_copies.TryGetValue(data, out var known))
            {
                known = _copies[data] = (new(bytes), bytes, false);
                Buffer.MemoryCopy((void*)data, (void*)known.Copy.Data, bytes, bytes);
            }

            return known.Copy.Data;
        }
    }

    /// <summary>Gets what an output is written to.</summary>
    internal nint Output(nint data, long bytes)
    {
        lock (_copies)
        {
            if (bytes == 0)
                return data;
            var copy = _copies.TryGetValue(data, out var known) ? known.Copy : new(bytes);
            _copies[data] = (copy, bytes, true);
            return copy.Data;
        }
    }

    /// <summary>Checks the copies, and hands the outputs over.</summary>
    /// <exception cref="InvalidOperationException">Something was written beside a tensor, or to an input.</exception>
    internal void Finish()
    {
        foreach (var (data, (copy, bytes, isOutput)) in _copies)
        {
            copy.CheckMarks(isOutput ? "an output" : "an input");
            if (isOutput)
                Buffer.MemoryCopy((void*)copy.Data, (void*)data, bytes, bytes);
            else
                Kernel.Require(new ReadOnlySpan<byte>((void*)data, checked((int)bytes)).SequenceEqual(new((void*)copy.Data, (int)bytes)), "an input was written to.");
        }
    }

    public void Dispose()
    {
        foreach (var (copy, _, _) in _copies.Values)
            copy.Free();
    }
}
