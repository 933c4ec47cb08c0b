using System.Text;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>The attributes of a node, read by name.</summary>
/// <param name="info">The OrtKernelInfo.</param>
internal readonly unsafe struct KernelAttributes(nint info)
{
    private const int AttributeFloat = 85;
    private const int AttributeInt64 = 86;
    private const int AttributeInt64Array = 163;

    /// <summary>Gets a float.</summary>
    internal float Float(string name)
    {
        float value;
        fixed (byte* utf8 = Encoding.UTF8.GetBytes(name + '\0'))
            NativeApi.Check(((delegate* unmanaged<nint, byte*, float*, nint>)NativeApi.Table[AttributeFloat])(info, utf8, &value));
        return value;
    }

    /// <summary>Gets an integer.</summary>
    internal int Int(string name)
    {
        long value;
        fixed (byte* utf8 = Encoding.UTF8.GetBytes(name + '\0'))
            NativeApi.Check(((delegate* unmanaged<nint, byte*, long*, nint>)NativeApi.Table[AttributeInt64])(info, utf8, &value));
        return Narrow(name, value);
    }

    /// <summary>Gets a list of integers.</summary>
    internal int[] Ints(string name)
    {
        var get = (delegate* unmanaged<nint, byte*, long*, nuint*, nint>)NativeApi.Table[AttributeInt64Array];
        nuint count = 0;
        fixed (byte* utf8 = Encoding.UTF8.GetBytes(name + '\0'))
        {
            NativeApi.Check(get(info, utf8, null, &count));
            var values = new long[count];
            fixed (long* first = values)
                NativeApi.Check(get(info, utf8, first, &count));
            return [.. values.Select(v => Narrow(name, v))];
        }
    }

    private static int Narrow(string name, long value) =>
        value == (int)value ? (int)value : throw new InvalidOperationException($"The attribute '{name}' holds {value}, which is past 32 bits.");
}
