using static Sema.Onnx.Runtime.Kernels.KernelCase;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Cases of gradients that go to places: places that come often, planes of several lengths and ranks.</summary>
internal static class PoolingKernelCases
{
    internal static readonly Dictionary<string, KernelCase[]> Table = new()
    {
        ["MaxPoolGrad"] = [Pool([1, 1, 2], [1, 1, 4]), Pool([2, 3, 2, 3], [2, 3, 4, 5]), Pool([3, 70, 9, 9], [3, 70, 17, 17]), Pool([1, 2, 2, 2, 2], [1, 2, 3, 3, 3])],
    };

    // As MaxPool gives them: each place lies in the plane of its window.
    private static KernelCase Pool(long[] windows, long[] input)
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
