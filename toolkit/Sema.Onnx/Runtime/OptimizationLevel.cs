namespace Sema.Onnx.Runtime;

/// <summary>How far ONNX Runtime rewrites a graph before it runs it.</summary>
internal enum OptimizationLevel
{
    /// <summary>Constants are folded and nodes without effect removed.</summary>
    Basic,

    /// <summary>Basic, and operators are fused.</summary>
    Extended,

    /// <summary>Extended, and data layouts are changed.</summary>
    All,
}
