using Sema.Onnx.Data;
using Sema.Onnx.Graphs.Serialization;
using Sema.Onnx.Inspection;
using Sema.Onnx.Training;
using Sema.Onnx.Verification;

namespace Sema.Onnx.Export;

/// <summary>What ONNX Runtime's quantisation tools leave in models: checked, trained, and written back as it was stored.</summary>
[TestClass]
public sealed class RuntimeQuantizedTests
{
    public static IEnumerable<object[]> Names => RuntimeQuantizedModels.All.Keys.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Gradients_agree_with_differences_and_reach_the_weights(string name)
    {
        using var folder = new TemporaryFolder();
        var path = RuntimeQuantizedModels.All[name].Model().Save(folder);

        var report = GradientCheck.Run(path);

        Assert.IsTrue(report.Passed, $"{report.Worst}");
        CollectionAssert.IsSubsetOf(RuntimeQuantizedModels.All[name].Weights, report.Parameters.Select(p => p.Name).ToArray());
        var inspection = ModelInspector.Inspect(path);
        Assert.IsEmpty(inspection.Obstacles);
        Assert.IsEmpty(inspection.Operators.Where(o => o.Gradient == "missing"));
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Weights_are_trained_and_written_on_their_own_grid(string name)
    {
        using var folder = new TemporaryFolder();
        var path = RuntimeQuantizedModels.All[name].Model().Save(folder);
        var before = ModelReader.Read(path).Graph;

        var (report, _) = StoredTypesTests.TrainAndExport(folder, path);

        Assert.IsLessThanOrEqualTo(report.Tolerance, report.MaxRelativeDifference);
        var after = ModelReader.Read(report.Path).Graph;
        foreach (var weight in RuntimeQuantizedModels.All[name].Weights)
        {
            Assert.AreEqual((before.Find(weight)!.Type, before.Find(weight)!.Initializer!.Shape.ToString()), (after.Find(weight)!.Type, after.Find(weight)!.Initializer!.Shape.ToString()));
            CollectionAssert.AreNotEqual(before.Find(weight)!.Initializer!.Data.ToArray(), after.Find(weight)!.Initializer!.Data.ToArray(), weight);
        }

        StoredTypesTests.AssertOnlyWeightsDiffer(path, report.Path, after.Initializers.Where(v => before.Find(v.Name)!.Initializer!.IsSame(v.Initializer!) is false)
            .ToDictionary(v => v.Name, v => v.Initializer!.Data.ToArray()));
    }
}
