namespace Sema.Onnx.Graphs.Upgrade;
internal static class OpsetUpgrade
{
    internal static void Run(Model model) => (model.Opsets[""], model.IrVersion) = (Model.Opset, 10);
}
