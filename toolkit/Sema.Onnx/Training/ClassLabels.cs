using Sema.Onnx.Data;

namespace Sema.Onnx.Training;

/// <summary>Checks class targets before a graph sees them: an operator would take a wrong one silently.</summary>
internal static class ClassLabels
{
    /// <exception cref="DataException">A label is neither a class nor the ignored one.</exception>
    internal static void Check(ReadOnlySpan<long> labels, long classes, long? ignore, string split)
    {
        foreach (var label in labels)
        {
            if ((label < 0 || label >= classes) && label != ignore)
            {
                throw new DataException(
                    $"The {split} data hold the class {label}, but the model's output has {classes} classes, 0 to {classes - 1}; "
                    + "correct the data, or give the model a new head (--classes N).");
            }
        }
    }
}
