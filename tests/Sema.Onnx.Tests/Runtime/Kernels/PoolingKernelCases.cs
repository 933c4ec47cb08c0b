using Sema.Onnx.Graphs;
using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of maxima in windows of every form, and of gradients that go to places: places that come often, planes of several lengths and ranks.</summary>
internal static class PoolingKernelCases
{
    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["MaxPoolTraining"] =
        [
            Window([2, 3, 6, 6], [2, 2], [2, 2], [0, 0, 0, 0]), Window([2, 3, 9, 37], [2, 2], [2, 2], [0, 0, 0, 0]), Window([2, 3, 10, 33], [3, 3], [2, 2], [1, 1, 1, 1]),
            Window([1, 2, 7, 8], [3, 3], [2, 2], [1, 1, 1, 1]), Window([1, 2, 20, 19], [3, 3], [1, 1], [1, 1, 1, 1]), Window([1, 2, 12, 50], [2, 3], [3, 3], [1, 0, 0, 2]),
            Window([1, 2, 40], [3], [2], [1, 1]), Window([3, 1, 1, 5], [1, 5], [1, 1], [0, 4, 0, 4]), Window([2, 2, 8, 8], [3, 2], [2, 4], [0, 1, 2, 1]),
            new([Ties(2, 3, 14, 30)], ("kernel_shape", [3, 3]), ("strides", [2, 2]), ("pads", [1, 1, 1, 1])),
            new([Ties(2, 3, 14, 30)], ("kernel_shape", [2, 2]), ("strides", [2, 2]), ("pads", [0, 0, 0, 0])),
        ],
        ["MaxPoolGrad"] = [Pool([1, 1, 2], [1, 1, 4]), Pool([2, 3, 2, 3], [2, 3, 4, 5]), Pool([3, 70, 9, 9], [3, 70, 17, 17]), Pool([1, 2, 2, 2, 2], [1, 2, 3, 3, 3])],
    };

    internal static KernelCase Window(long[] x, long[] kernel, long[] strides, long[] pads) =>
        new([Normal(x)], ("kernel_shape", kernel), ("strides", strides), ("pads", pads));

    // Few numbers, so that a window often holds its maximum twice.
    private static Func<Random, HostTensor> Ties(params long[] shape) =>
        random => HostTensor.Of<float>([.. Enumerable.Range(0, (int)Shape.Of(shape).Count).Select(_ => (float)random.Next(-2, 1))], shape);

    // As MaxPool gives them: each place lies in the plane of its window.
    internal static KernelCase Pool(long[] windows, long[] input)
    {
        var (plane, count) = (input[2..].Aggregate((n, s) => n * s), windows[2..].Aggregate((n, s) => n * s));
        return new(
        [
            Normal(windows),
            random => HostTensor.Of<long>([.. Enumerable.Range(0, (int)(windows[0] * windows[1] * count)).Select(i => (i / count * plane) + random.Next((int)plane))], windows),
            Given(input),
        ]);
    }
}
