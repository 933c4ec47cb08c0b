using Sema.Onnx.Graphs.Passes;
using Sema.Onnx.Graphs.Upgrade;
using static Sema.Onnx.Graphs.Autodiff.GradientRule;

namespace Sema.Onnx.Graphs.Autodiff.Rules;

/// <summary>Control flow: the gradient of a body is a body that computes it anew and differentiates it.</summary>
/// <remarks>A body that draws random numbers has no rule: computed anew it would draw others. Scan is a Loop by then.</remarks>
internal static class ControlFlow
{
    private static readonly HashSet<string> Random =
        ["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

#pragma warning disable format // a table: aligned columns
    internal static readonly Dictionary<string, GradientRule> Rules = new()
    {
        // y = op(bodies)     ∂L/∂x for each x that goes in or is taken from outside
        ["If"]   = OfBodies(If).When(CanBeRepeated),
        ["Loop"] = OfBodies((y, dYs, wanted) => new LoopGradient(y, dYs, wanted).Build()).When(CanBeRepeated),
    };
#pragma warning restore format

    /// <summary>Gets zeros in a value's type and shape.</summary>
    internal static Value Zeros(Value value) => value.ZerosOf(value.ShapeVector());

    /// <summary>Gets the value of a body's own for one of the graph around, which an Identity node takes in.</summary>
    internal static Value Inside(Graph body, Value outer)
    {
        var inner = body.Emit("Identity", [outer]);
        (inner.Type, inner.Shape) = (outer.Type, outer.Shape);
        return inner;
    }

    // dX = If(condition, then: the gradient of the branch at the gradients of its outputs, else: likewise)
    private static IEnumerable<(Value X, Value DX)> If(Node y, IReadOnlyList<Value?> dYs, Func<Value, bool> wanted)
    {
        var xs = y.Captured.Distinct().Where(x => x.Type.IsFloat() && wanted(x)).ToList();
        var dIf = y.Graph.AddNode("If", "", [y[0]], [Branch("then_branch"), Branch("else_branch")], xs.Count);
        foreach (var (x, dX) in xs.Zip(dIf.Outputs))
        {
            (dX!.Type, dX.Shape) = (x.Type, x.Shape);
            yield return (x, dX);
        }

        Attribute Branch(string name)
        {
            var branch = new Graph($"{name}_gradient", y.Graph);
            var outputs = y.Get<Graph>(name)!.CopyInto(branch, []);
            var seeds = outputs.Zip(dYs).Where(o => o.Second is not null).Select(o => (o.First, Inside(branch, o.Second!))).ToList();
            var entries = ExplicitCaptures.Entries(branch);
            var gradients = Differentiator.Pull(branch, seeds, [.. xs.SelectMany(x => entries[x]).Select(e => e.Output)]);
            branch.Outputs.AddRange(xs.Select(x => OfCaptured(x, entries, gradients) ?? Zeros(Inside(branch, x))));
            branch.Prune();
            return new(name, branch);
        }
    }

    /// <summary>Gets the gradient of a value of the graph around that a body reads through its entries; <see langword="null"/> where it does not use it.</summary>
    internal static Value? OfCaptured(Value x, ILookup<Value, Node> entries, IReadOnlyDictionary<Value, Value> gradients) =>
        entries[x].Select(e => gradients.GetValueOrDefault(e.Output)).OfType<Value>().ToList() is { Count: > 0 } parts ? parts[0].Graph.Emit("Sum", parts) : null;

    // What is random, and what is no tensor, is not known.
    private static bool CanBeRepeated(Node y) => y.Inputs.Concat(y.Outputs).Concat(y.Captured).All(v => v is null || v.Type != ElementType.Undefined)
        && !y.Subgraphs().SelectMany(b => b.AllNodes).Any(n => (n.Domain.Length == 0 && Random.Contains(n.OpType)) || (n.OpType == "Dropout" && Elementwise.IsTraining(n)));
}
