using System.Globalization;
using Microsoft.ML.OnnxRuntime;
using Sema.Onnx.Runtime.Kernels;

namespace Sema.Onnx.Runtime;

/// <summary>Puts <see cref="SessionSettings"/> in ONNX Runtime's terms.</summary>
internal static class SessionOptionsFactory
{
    /// <summary>Creates the options of a session.</summary>
    /// <exception cref="RuntimeUnavailableException">The device's provider cannot be loaded.</exception>
    internal static SessionOptions Create(SessionSettings settings)
    {
        OrtRuntime.Start();
        ArgumentOutOfRangeException.ThrowIfNegative(settings.Threads, "Threads");
        var options = new SessionOptions
        {
            IntraOpNumThreads = settings.Threads,
            EnableMemoryPattern = settings.MemoryPattern,
            GraphOptimizationLevel = settings.Optimization switch
            {
                OptimizationLevel.Basic => GraphOptimizationLevel.ORT_ENABLE_BASIC,
                OptimizationLevel.Extended => GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
                _ => GraphOptimizationLevel.ORT_ENABLE_ALL,
            },
        };
        try
        {
            options.AddSessionConfigEntry("session.intra_op.allow_spinning", Flag(settings.Spinning));
            // Spinning ends with the run: the update that follows, and the loader, need the cores.
            options.AddSessionConfigEntry("session.force_spinning_stop", Flag(settings.Spinning));
            options.AddSessionConfigEntry("session.use_deterministic_compute", Flag(settings.Deterministic));
            options.AddSessionConfigEntry("session.disable_prepacking", Flag(!settings.Prepacking));
            options.AddSessionConfigEntry("session.disable_quant_qdq", Flag(!settings.IntegerKernels));
            if (settings.Profile is { } prefix)
                (options.ProfileOutputPathPrefix, options.EnableProfiling) = (prefix, true);
            foreach (var (symbol, size) in settings.FreeDimensions)
                options.AddFreeDimensionOverrideByName(symbol, size);
            if (!settings.Device.IsCpu)
                AppendCuda(options, settings);
            else if (settings.Kernels)
                KernelDomain.AddTo(options);
            return options;
        }
        catch
        {
            options.Dispose();
            throw;
        }
    }

    private static void AppendCuda(SessionOptions options, SessionSettings settings)
    {
        try
        {
            using var cuda = new OrtCUDAProviderOptions();
            cuda.UpdateOptions(new()
            {
                ["device_id"] = settings.Device.Id.ToString(CultureInfo.InvariantCulture),
                // Doubling, the default, takes twice the memory of a large arena.
                ["arena_extend_strategy"] = "kSameAsRequested",
                ["use_tf32"] = Flag(settings.TensorFloat32),
            });
            options.AppendExecutionProvider_CUDA(cuda);
        }
        catch (Exception e) when (e is OnnxRuntimeException or EntryPointNotFoundException)
        {
            throw new RuntimeUnavailableException(
                $"The device '{settings.Device}' needs ONNX Runtime's CUDA provider ({Library}), which could not be loaded "
                + $"({OrtRuntime.Sentence(e.Message).TrimEnd('.')}); install com.github.asus4.onnxruntime.linux-x64-gpu from npm or Microsoft.ML.OnnxRuntime.Gpu "
                + $"from NuGet, version {OrtRuntime.ExpectedVersion}, with CUDA 13 and cuDNN 9, or use the device 'cpu'.",
                e);
        }
    }

    private static string Library => OperatingSystem.IsWindows() ? "onnxruntime_providers_cuda.dll" : "libonnxruntime_providers_cuda.so";

    private static string Flag(bool on) => on ? "1" : "0";
}
