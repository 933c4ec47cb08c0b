using Sema.Onnx.Graphs;
using static Sema.Onnx.Runtime.Kernels.KernelCase;
using Attribute = Sema.Onnx.Graphs.Attribute;

namespace Sema.Onnx.Runtime.Kernels;

/// <summary>Nodes that a stranger's file may hold: a kernel refuses them with a sentence before it touches memory that is not theirs.</summary>
[TestClass]
public sealed class HostileNodeTests
{
    private static readonly Attribute[] Plain = Windows([3, 3], [1, 1], [1, 1, 1, 1], [1, 1]);

    private static readonly Dictionary<string, (string Kernel, KernelCase Node)> Nodes = new()
    {
        ["no groups"] = ("Convolution", Conv([1, 4, 5, 5], [4, 4, 3, 3], [.. Plain, ("group", 0L)])),
        ["groups that the channels do not come in"] = ("Convolution", Conv([1, 4, 5, 5], [4, 4, 3, 3], [.. Plain, ("group", 3L)])),
        ["fewer channels than weights"] = ("Convolution", Conv([1, 1, 5, 5], [8, 64, 3, 3], [.. Plain, ("group", 1L)])),
        ["a short bias"] = ("Convolution", new([Normal(1, 4, 5, 5), Normal(64, 4, 3, 3), Normal(1)], [.. Plain, ("group", 1L)])),
        ["a stride of 0"] = ("Convolution", Conv([1, 4, 5, 5], [4, 4, 3, 3], [.. Windows([3, 3], [0, 1], [1, 1, 1, 1], [1, 1]), ("group", 1L)])),
        ["a dilation of 0"] = ("Convolution", Conv([1, 4, 5, 5], [4, 4, 3, 3], [.. Windows([3, 3], [1, 1], [1, 1, 1, 1], [0, 1]), ("group", 1L)])),
        ["a negative dilation"] = ("Convolution", Conv([1, 1, 5, 5], [1, 1, 3, 3], [.. Windows([3, 3], [1, 1], [1, 1, 1, 1], [1, -9]), ("group", 1L)])),
        ["windows larger than the image"] = ("Convolution", Conv([1, 4, 2, 2], [4, 4, 3, 3], [.. Windows([3, 3], [4, 4], [0, 0, 0, 0], [1, 1]), ("group", 1L)])),
        ["padding past all memory"] = ("Convolution", Conv([1, 1, 5, 5], [1, 1, 3, 3], [.. Windows([3, 3], [1, 1], [1, 1 << 30, 1, 1 << 30], [1, 1 << 30]), ("group", 1L)])),
        ["a stride past all memory"] = ("MaxPoolTraining", new([Normal(1, 1, 5, 5)], Windows([3, 3], [1 << 30, 1 << 30], [0, 0, 0, 0]))),
        ["a number past 32 bits"] = ("Convolution", Conv([1, 4, 5, 5], [4, 4, 3, 3], [.. Plain, ("group", 1L + (1L << 32))])),
        ["pads of another rank"] = ("Convolution", Conv([1, 4, 5, 5], [4, 4, 3, 3], [.. Windows([3, 3], [1, 1], [1, 1], [1, 1]), ("group", 1L)])),
        ["four axes"] = ("Convolution", Conv([1, 1, 3, 3, 3, 3], [1, 1, 1, 1, 1, 1], [.. Windows([1, 1, 1, 1], [1, 1, 1, 1], new long[8], [1, 1, 1, 1]), ("group", 1L)])),
        ["windows that dY has not"] = ("ConvWeightGrad", new([Normal(2, 8, 5, 5), Normal(2, 8, 50, 50)], [.. Plain, ("group", 1L)])),
        ["other images in dY"] = ("ConvWeightGrad", new([Normal(1, 8, 5, 5), Normal(9, 8, 5, 5)], [.. Plain, ("group", 1L)])),
        ["more left over than a stride"] = ("ConvInputGrad", new([Normal(1, 4, 3, 3), Normal(4, 4, 3, 3)],
            [.. Windows([3, 3], [2, 2], [1, 1, 1, 1], [1, 1]), ("output_padding", new long[] { 900, 900 }), ("group", 1L)])),
        ["negative padding"] = ("MaxPoolTraining", new([Normal(1, 1, 9, 9)], Windows([3, 3], [1, 1], [-3, -3, 3, 3]))),
        ["a place outside its plane"] = ("MaxPoolGrad", new([Normal(1, 1, 1, 1), _ => HostTensor.Of<long>([1 << 20], 1, 1, 1, 1), Given(1, 1, 4, 4)])),
        ["more planes than dY has"] = ("MaxPoolGrad", new([Normal(1, 1, 1, 1), Integers(1, 1, 1, 1, 1), Given(64, 64, 1, 1)])),
        ["a negative size"] = ("MaxPoolGrad", new([Normal(1, 1, 1, 1), Integers(1, 1, 1, 1, 1), Given(1, 1, -4, 1)])),
        ["an axis that there is not"] = ("SoftmaxGrad", new([Normal(3, 4), Normal(3, 4)], ("axes", new long[] { 7 }))),
        ["axes apart"] = ("SoftmaxGrad", new([Normal(3, 4, 5), Normal(3, 4, 5)], ("axes", new long[] { 0, 2 }))),
        ["no axes"] = ("SoftmaxGrad", new([Normal(3, 4), Normal(3, 4)], ("axes", Array.Empty<long>()))),
        ["a row that begins before the tensor"] = ("LayerNormalizationTraining", new([Normal(3, 4), Normal(4), Normal(4)], ("epsilon", 1e-5f), ("axis", -5L))),
        ["few means"] = ("LayerNormalizationGrad", new([Normal(900, 4), Normal(900, 4), Normal(4), Normal(1), Normal(1)], ("axes", new long[] { 1 }))),
        ["an order of other axes"] = ("Attention", new([Normal(1, 2, 3, 4), Normal(1, 2, 3, 4), Normal(1, 2, 3, 4), Normal(), Normal()], ("perm", new long[] { 0, 0, 9, 3 }), ("turn", new long[] { 0, 1, 3, 2 }))),
        ["fewer values than keys"] = ("Attention", new([Normal(1, 1, 3, 4), Normal(1, 1, 900, 4), Normal(1, 1, 3, 4), Normal(), Normal()], ("perm", new long[] { 0, 1, 2, 3 }), ("turn", new long[] { 0, 1, 3, 2 }))),
        ["no scale"] = ("Attention", new([Normal(1, 1, 3, 4), Normal(1, 1, 3, 4), Normal(1, 1, 3, 4), Normal(0), Normal()], ("perm", new long[] { 0, 1, 2, 3 }), ("turn", new long[] { 0, 1, 3, 2 }))),
        ["a mask of other sizes"] = ("Attention", new([Normal(1, 1, 30, 4), Normal(1, 1, 30, 4), Normal(1, 1, 30, 4), Normal(), Normal(2, 2)], ("perm", new long[] { 0, 1, 2, 3 }), ("turn", new long[] { 0, 1, 3, 2 }))),
        ["two parts"] = ("PackedAttention", new([Normal(1, 3, 2, 1, 4), Normal(), Normal()])),
        ["other rows in dY"] = ("LinearWeightGrad", new([Normal(900, 4), Normal(2, 4)])),
        ["few targets"] = ("CrossEntropy", new([Normal(900, 4), Integers(4, 1)], ("ignore_index", -1L), ("label_smoothing", 0f))),
        ["three axes of logits"] = ("CrossEntropy", new([Normal(2, 3, 4), Integers(4, 2)], ("ignore_index", -1L), ("label_smoothing", 0f))),
        ["other axes than the channels'"] = ("BatchNormalizationTraining", new([Normal(2, 3, 4, 5), Normal(3), Normal(3)], ("epsilon", 1e-5f), ("axes", new long[] { 0, 2 }))),
        ["one axis of an image"] = ("BatchNormalizationTraining", new([Normal(9), Normal(9), Normal(9)], ("epsilon", 1e-5f), ("axes", new long[] { 0 }))),
        ["a hidden size of 0"] = ("LSTMTraining", new([Normal(1, 2, 3, 0), Normal(1, 0), Normal(1, 3, 0), Normal(1, 3, 0), Normal(1, 0, 0)])),
    };

    public static IEnumerable<object[]> Names => Nodes.Keys.Select(name => new object[] { name });

    public static IEnumerable<object[]> Kernels => KernelTable.All.Select(k => new object[] { k.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void A_node_that_no_kernel_is_for_is_refused(string name)
    {
        var (kernel, node) = Nodes[name];
        var refused = Assert.ThrowsExactly<RuntimeException>(() => Run(kernel, node, Inputs(node), new() { Threads = 2 }));
        foreach (var ofNet in new[] { "Index was", "Object reference", "Arithmetic operation", "divide by zero", "stackalloc" })
            Assert.DoesNotContain(ofNet, refused.Message);
    }

    // One axis longer, shorter, missing or more: where that is not refused, it means the same as in the function.
    [TestMethod]
    [DynamicData(nameof(Kernels))]
    public void A_kernel_refuses_inputs_of_other_sizes_or_computes_what_its_function_does(string name)
    {
        var tried = KernelTests.Cases[name].MinBy(c => Inputs(c).Values.Max(i => Math.Abs(i.Shape.DefaultIfEmpty(1).Max() - 8)))!;
        foreach (var (input, shape) in Inputs(tried).SelectMany(i => Others(i.Value.Shape.ToArray()).Select(s => (i.Key, s))))
        {
            var inputs = Inputs(tried);
            inputs[input] = Resized(inputs[input], shape);
            if (Try(name, tried, inputs, new() { Threads = 2 }) is not { } actual || Try(name, tried, inputs, new() { Kernels = false }) is not { } body)
                continue;
            foreach (var (output, expected) in body)
            {
                var label = $"{name}, {input} of [{string.Join(", ", shape)}], {output}";
                CollectionAssert.AreEqual(expected.Shape.ToArray(), actual[output].Shape.ToArray(), label);
                if (expected.Type == ElementType.Float32)
                    Assert.IsLessThanOrEqualTo(1e-5, KernelTests.Distance(actual[output].As<float>(), expected.As<float>()), label);
            }
        }
    }

    [TestMethod]
    [DynamicData(nameof(Kernels))]
    public void An_input_that_is_left_out_is_refused(string name)
    {
        var tried = KernelTests.Cases[name][0];
        var optional = KernelTable.All.Single(k => k.Name == name).OptionalInputs;
        for (var input = 0; input < tried.Inputs.Length - optional; input++)
        {
            var model = KernelTests.Model(name, tried, Inputs(tried));
            model.Graph.Nodes[0].Inputs[input] = null;
            Assert.ThrowsExactly<RuntimeException>(() => ModelRunner.Run(new Session(model, new() { Threads = 2 }), Inputs(tried)), $"input {input}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Kernels))]
    public void An_output_that_is_left_out_is_refused_or_changes_no_other(string name)
    {
        var tried = KernelTests.Cases[name][0] with { Without = [] };
        var whole = Run(name, tried, Inputs(tried), new() { Threads = 2 });
        for (var output = 0; output < whole.Count; output++)
        {
            if (whole.Count == 1 || Try(name, tried with { Without = [output] }, Inputs(tried), new() { Threads = 2 }) is not { } rest)
                continue;
            foreach (var (other, tensor) in rest)
                Assert.IsTrue(tensor.Bytes.SequenceEqual(whole[other].Bytes), $"{other} without output {output}");
        }
    }

    private static Dictionary<string, HostTensor>? Try(string name, KernelCase tried, Dictionary<string, HostTensor> inputs, SessionSettings settings)
    {
        try
        {
            return Run(name, tried, inputs, settings);
        }
        catch (RuntimeException)
        {
            return null;
        }
    }

    private static Dictionary<string, HostTensor> Run(string name, KernelCase tried, Dictionary<string, HostTensor> inputs, SessionSettings settings) =>
        ModelRunner.Run(new Session(KernelTests.Model(name, tried, inputs), settings), inputs);

    private static Dictionary<string, HostTensor> Inputs(KernelCase tried)
    {
        var random = new Random(1);
        return tried.Inputs.Select((make, i) => (Name: $"x{i}", Tensor: make(random))).ToDictionary(x => x.Name, x => x.Tensor);
    }

    private static IEnumerable<long[]> Others(long[] shape)
    {
        yield return [1, .. shape];
        yield return [.. shape, 3];
        for (var axis = 0; axis < shape.Length; axis++)
        {
            yield return [.. shape[..axis], .. shape[(axis + 1)..]];
            foreach (var size in new[] { 0, 1, shape[axis] + 1, 40 })
                yield return [.. shape[..axis], size, .. shape[(axis + 1)..]];
        }
    }

    // The same numbers, over and over.
    private static HostTensor Resized(HostTensor tensor, long[] shape)
    {
        var count = (int)Shape.Of(shape).Count;
        return tensor.Type == ElementType.Int64 ? HostTensor.Of<long>(Repeated(tensor.As<long>(), count), shape) : HostTensor.Of<float>(Repeated(tensor.As<float>(), count), shape);
    }

    private static T[] Repeated<T>(ReadOnlySpan<T> numbers, int count)
        where T : struct
    {
        var repeated = new T[count];
        for (var i = 0; i < count && numbers.Length > 0; i++)
            repeated[i] = numbers[i % numbers.Length];
        return repeated;
    }

    private static KernelCase Conv(long[] x, long[] w, Attribute[] attributes) => new([Normal(x), Normal(w)], attributes);

    private static Attribute[] Windows(long[] kernel, long[] strides, long[] pads, long[]? dilations = null) =>
        [("kernel_shape", kernel), ("strides", strides), ("pads", pads), .. dilations is null ? Array.Empty<Attribute>() : [("dilations", dilations)]];
}
