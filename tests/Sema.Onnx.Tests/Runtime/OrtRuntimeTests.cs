namespace Sema.Onnx.Runtime;

[TestClass]
public sealed class OrtRuntimeTests
{
    [TestMethod]
    [DataRow("1.28.1")]
    [DataRow("1.290.0")]
    [DataRow("2.29.0")]
    [DataRow("")]
    public void A_library_of_another_version_is_refused(string version)
    {
        var error = Assert.ThrowsExactly<RuntimeUnavailableException>(() => OrtRuntime.CheckVersion(version));
        Assert.StartsWith($"ONNX Runtime {version} was found where 1.29 is needed; put the native library", error.Message);
    }

    [TestMethod]
    public void The_patch_version_is_free() => OrtRuntime.CheckVersion("1.29.7");

    [TestMethod]
    [DataRow("[ErrorCode:InvalidArgument] Missing Input: x", "Missing Input: x.")]
    [DataRow("[ErrorCode:Fail] One\n  two.\n", "One two.")]
    [DataRow(
        "[ErrorCode:RuntimeException] Non-zero status code returned while running Add node. Name:'a/b' Status Message: "
            + "/src/core/math/element_wise_ops.h:560 void onnxruntime::BroadcastIterator::Append(ptrdiff_t, ptrdiff_t) axis == 1 was false. 3 by 4\n",
        "operator 'Add', node 'a/b': axis == 1 was false. 3 by 4.")]
    [DataRow(
        "/src/op_kernel_context.h:42 const T* onnxruntime::OpKernelContext::Input(int) const [with T = onnxruntime::Tensor] Missing Input: x",
        "Missing Input: x.")]
    public void A_message_of_ONNX_Runtime_becomes_a_sentence(string message, string sentence) =>
        Assert.AreEqual(sentence, OrtRuntime.Sentence(message));
}
