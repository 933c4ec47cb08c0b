using Microsoft.Extensions.Logging;

namespace Sema.Onnx.Training;

/// <summary>What a run tells a logger.</summary>
internal static partial class Log
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Training graphs of {Model}: {Parameters} parameters, {Elements} elements.")]
    internal static partial void Composed(ILogger logger, string model, int parameters, long elements);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Checkpoint {Name} written at step {Step}.")]
    internal static partial void Saved(ILogger logger, string name, long step);
}
