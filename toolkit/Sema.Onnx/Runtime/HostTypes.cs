using System.Runtime.CompilerServices;
using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

/// <summary>How element types are written in .NET.</summary>
internal static class HostTypes
{
    private static readonly Dictionary<Type, ElementType> Types = new()
    {
        [typeof(float)] = ElementType.Float32,
        [typeof(double)] = ElementType.Float64,
        [typeof(Half)] = ElementType.Float16,
        [typeof(long)] = ElementType.Int64,
        [typeof(int)] = ElementType.Int32,
        [typeof(short)] = ElementType.Int16,
        [typeof(sbyte)] = ElementType.Int8,
        [typeof(ulong)] = ElementType.UInt64,
        [typeof(uint)] = ElementType.UInt32,
        [typeof(ushort)] = ElementType.UInt16,
        [typeof(byte)] = ElementType.UInt8,
        [typeof(bool)] = ElementType.Bool,
    };

    /// <summary>Gets the element type of a .NET type.</summary>
    /// <exception cref="ArgumentException">No element type has it.</exception>
    internal static ElementType TypeOf<T>() => Types.TryGetValue(typeof(T), out var type)
        ? type
        : throw new ArgumentException($"A tensor cannot hold {typeof(T).Name}; use one of {string.Join(", ", Types.Keys.Select(t => t.Name))}.");

    /// <summary>Gets the bytes of one element.</summary>
    /// <exception cref="ArgumentException">Its elements have no fixed size.</exception>
    internal static int SizeOf(ElementType type) => type.Size() > 0
        ? type.Size()
        : throw new ArgumentException($"Elements of type {type} have no fixed size, so no buffer can hold them.");

    /// <summary>Refuses a .NET type of another size than the elements.</summary>
    /// <exception cref="ArgumentException">The sizes differ.</exception>
    internal static void CheckSize<T>(ElementType type)
        where T : unmanaged
    {
        if (Unsafe.SizeOf<T>() != type.Size())
            throw new ArgumentException($"{typeof(T).Name} has {Unsafe.SizeOf<T>()} bytes, but elements of type {type} have {type.Size()}.");
    }
}
