using Sema.Onnx.Graphs;

namespace Sema.Onnx.Runtime;

/// <summary>What a session knows of one of its inputs or outputs.</summary>
/// <param name="Name">The value's name.</param>
/// <param name="Type">The elements' type; <see cref="ElementType.Undefined"/> for what is no tensor.</param>
/// <param name="Shape">The sizes, -1 or a symbol where one is free; <see langword="null"/> where even the rank is unknown.</param>
internal sealed record TensorInfo(string Name, ElementType Type, Shape? Shape);
