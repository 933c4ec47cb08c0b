using System.Runtime.InteropServices;

namespace Sema.Onnx.Data;

/// <summary>Samples as numbers, and numbers as bytes.</summary>
internal static class SampleBytes
{
    internal static byte[] InputOf(this IDataset data, int index) => data.Sample(index).Input;

    internal static long LabelOf(this IDataset data, int index) => data.Sample(index).Target.As<long>()[0];

    internal static (byte[] Input, byte[] Target) Sample(this IDataset data, int index)
    {
        var (input, target) = (new byte[data.Input.ByteCount], new byte[data.Target.ByteCount]);
        data.Read(index, input, target);
        return (input, target);
    }

    internal static T[] As<T>(this byte[] bytes)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(bytes).ToArray();

    internal static byte[] Bytes<T>(params T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    internal static void ShouldHold<T>(this T[] actual, params T[] expected) =>
        Assert.AreEqual(string.Join(' ', expected), string.Join(' ', actual));
}
