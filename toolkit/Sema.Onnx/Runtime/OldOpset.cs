using Sema.Onnx.Graphs;
using Sema.Onnx.Graphs.Composition;
using Sema.Onnx.Graphs.Passes;

namespace Sema.Onnx.Runtime;

/// <summary>Models of opset 1 to 6: ONNX Runtime lacks kernels for many of their operators.</summary>
internal static class OldOpset
{
    /// <summary>The first standard operators that ONNX Runtime promises to run.</summary>
    private const int FirstOfRuntime = 7;

    /// <summary>Brings a model to opset 21 if it is that old.</summary>
    /// <returns>Whether it was.</returns>
    internal static bool Upgrade(Model model)
    {
        if (model.StandardOpset >= FirstOfRuntime)
            return false;
        HoistConstants.Run(model.Graph);
        CanonicalForm.Upgrade(model);
        return true;
    }

    /// <summary>Loads a model file as it is; or, if it is that old and ONNX Runtime refuses it, the graph upgraded.</summary>
    /// <param name="path">The .onnx file.</param>
    /// <param name="model">The graph read from it; it is changed where it is run.</param>
    /// <param name="settings">How to run it.</param>
    /// <param name="upgraded">Whether the graph is run.</param>
    /// <exception cref="RuntimeException">ONNX Runtime refuses the model, upgraded too.</exception>
    internal static Session Load(string path, Model model, SessionSettings settings, out bool upgraded)
    {
        upgraded = false;
        try
        {
            return new Session(path, settings);
        }
        catch (RuntimeException) when (model.StandardOpset < FirstOfRuntime)
        {
            upgraded = true;
            Upgrade(model);
            return new Session(model, settings);
        }
    }
}
