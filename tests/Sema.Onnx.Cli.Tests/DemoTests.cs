namespace Sema.Onnx.Cli;

[TestClass]
public sealed class DemoTests
{
    [TestMethod]
    public void A_model_that_is_not_there_is_named() => Cli.Run("demo", "--model", "nowhere.onnx").IsFailure(ExitCode.BadInput, "nowhere.onnx", "--model");
}
