using System.Text.RegularExpressions;
using System.Xml.Linq;
using Sema.Onnx.Checkpoints;
using Sema.Onnx.Graphs;
using Sema.Onnx.Training;

namespace Sema.Onnx;

/// <summary>Who may know whom: tools → toolkit → {graphs, checkpoints}, and nothing else.</summary>
[TestClass]
public sealed partial class ArchitectureTests
{
    private const string Runtime = "Microsoft.ML.OnnxRuntime";

    private static readonly Dictionary<string, string[]> MayKnow = new()
    {
        ["graphs"] = [],
        ["checkpoints"] = [],
        ["toolkit"] = ["graphs", "checkpoints", "toolkit"],
        ["tools"] = ["toolkit"],
    };

    private static IEnumerable<string> Sources => MayKnow.Keys.SelectMany(folder => Repository.Files(folder, "*.cs"));

    [TestMethod]
    public void Graphs_know_Protobuf_and_no_runtime() => CollectionAssert.AreEqual(new[] { "Google.Protobuf" }, References(typeof(InvalidModelException)));

    [TestMethod]
    public void Checkpoints_know_nothing() => Assert.IsEmpty(References(typeof(CheckpointStore)));

    [TestMethod]
    public void The_toolkit_knows_graphs_checkpoints_and_the_runtime()
    {
        var known = References(typeof(Trainer));
        foreach (var name in new[] { "Sema.Onnx.Graphs", "Sema.Onnx.Checkpoints", Runtime })
            CollectionAssert.Contains(known, name);
        CollectionAssert.DoesNotContain(known, "Google.Protobuf");
    }

    [TestMethod]
    public void Projects_refer_only_to_what_they_may_know()
    {
        var projects = MayKnow.Keys.SelectMany(folder => Repository.Files(folder, "*.csproj")).ToList();
        Assert.IsGreaterThanOrEqualTo(5, projects.Count);
        foreach (var project in projects)
        {
            foreach (var reference in XDocument.Parse(Repository.Read(project)).Descendants("ProjectReference").Select(r => r.Attribute("Include")!.Value.Replace('\\', '/')))
            {
                var target = Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(project)!, reference)));
                CollectionAssert.Contains(MayKnow[Top(project)], Top(target.Replace('\\', '/')), $"{project} refers to {reference}");
            }
        }
    }

    [TestMethod]
    public void Only_the_runtime_folder_touches_ONNX_Runtime_and_unsafe_code() =>
        OnlyIn(["toolkit/Sema.Onnx/Runtime/"], RuntimeOrUnsafe());

    // PatchCheck reads with the library what the patcher wrote byte by byte, so that neither trusts the other.
    [TestMethod]
    public void Only_serialization_touches_Protobuf() => OnlyIn(
        ["graphs/Sema.Onnx.Graphs/Serialization/", "graphs/Sema.Onnx.Graphs/Protobuf/", "graphs/Sema.Onnx.Graphs/Patching/PatchCheck.cs"], Protobuf());

    // The rule holds something: what is sought occurs where it may, and nowhere else.
    private static void OnlyIn(string[] folders, Regex sought)
    {
        var found = Sources.Where(path => sought.IsMatch(Comment().Replace(Repository.Read(path), ""))).ToList();
        Assert.IsNotEmpty(found);
        var elsewhere = found.Where(path => !Array.Exists(folders, folder => path.StartsWith(folder, StringComparison.Ordinal)));
        Assert.IsEmpty(elsewhere, string.Join(", ", elsewhere));
    }

    // The framework's own assemblies and those that it is extended by (logging) are no one's secret.
    private static string[] References(Type type) =>
        [.. type.Assembly.GetReferencedAssemblies().Select(name => name.Name!).Where(name => !name.StartsWith("System", StringComparison.Ordinal) && name != "netstandard")];

    private static string Top(string path) => path.Split('/')[0];

    [GeneratedRegex(@"Microsoft\.ML\.OnnxRuntime|\bunsafe\b")]
    private static partial Regex RuntimeOrUnsafe();

    [GeneratedRegex(@"Google\.Protobuf|Graphs\.Protobuf")]
    private static partial Regex Protobuf();

    [GeneratedRegex("//.*")]
    private static partial Regex Comment();
}
