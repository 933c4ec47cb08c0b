using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sema.Onnx.Inspection;

/// <summary>What a model is, which of its constants training would move, and what would stop training.</summary>
/// <param name="File">The file's name.</param>
/// <param name="IrVersion">The version of the file format.</param>
/// <param name="Opsets">The operator sets by domain; the ONNX standard's own is <c>ai.onnx</c>.</param>
/// <param name="Producer">The program that wrote the file; may be empty.</param>
/// <param name="Inputs">The inputs that a caller must give.</param>
/// <param name="Outputs">The outputs.</param>
/// <param name="Operators">The operators, those in the bodies of control flow included, most used first.</param>
/// <param name="Constants">Every float constant, in the file's order.</param>
/// <param name="Totals">Sums over the constants.</param>
/// <param name="Groups">The groups of weights that training would move alike; empty where training was not tried.</param>
/// <param name="Trainable">Whether nothing was found that stops training: the training graphs were made, on trial.</param>
/// <param name="Obstacles">What stops training, one item each.</param>
/// <param name="Notes">What else a reader should know, such as a batch size that is baked in.</param>
public sealed record ModelReport(
    string File, long IrVersion, IReadOnlyDictionary<string, long> Opsets, string Producer, IReadOnlyList<ValueReport> Inputs,
    IReadOnlyList<ValueReport> Outputs, IReadOnlyList<OperatorReport> Operators, IReadOnlyList<ConstantReport> Constants, ModelTotals Totals,
    IReadOnlyList<GroupReport> Groups, bool Trainable, IReadOnlyList<Obstacle> Obstacles, IReadOnlyList<string> Notes)
{
    /// <summary>Writes the report as one JSON document.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, InspectionJson.Default.ModelReport);
}

/// <summary>An input or output.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its elements' type, such as <c>float32</c>; <c>undefined</c> for what is no tensor.</param>
/// <param name="Shape">Its declared axes; <see langword="null"/> where the model declares none.</param>
public sealed record ValueReport(string Name, string Type, IReadOnlyList<Axis>? Shape);

/// <summary>An operator of the model.</summary>
/// <param name="Name">Its name, with its domain unless that is the standard's.</param>
/// <param name="Count">How many nodes call it.</param>
/// <param name="Gradient">
/// <c>rule</c>: it has a gradient rule; <c>rewritten</c>: it is written in operators that have; <c>none</c>: its results carry no
/// gradient by their nature; <c>missing</c>: no gradient passes it, which matters only where a trained weight needs it (see the obstacles).
/// </param>
public sealed record OperatorReport(string Name, int Count, string Gradient);

/// <summary>A float constant of the model: an initializer, or the value of a Constant node.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its elements' type.</param>
/// <param name="Shape">Its sizes, outermost first; those of the new head where one was asked for.</param>
/// <param name="Count">Its number of elements.</param>
/// <param name="Verdict"><c>trained</c>, <c>frozen</c>, <c>statistic</c>, <c>constant</c>, <c>unreached</c>; <c>unknown</c> where the model could not be judged.</param>
/// <param name="Reason">Why, in a few words.</param>
public sealed record ConstantReport(string Name, string Type, IReadOnlyList<long> Shape, long Count, string Verdict, string Reason);

/// <summary>Sums over the float constants.</summary>
/// <param name="Parameters">Their elements.</param>
/// <param name="Trained">The elements that training would move.</param>
/// <param name="Bytes">Their size in the model, in bytes.</param>
public sealed record ModelTotals(long Parameters, long Trained, long Bytes);

/// <summary>Something that stops training as asked.</summary>
/// <param name="Message">What it is and what to do.</param>
/// <param name="Node">The node concerned, by its name or its first output; <see langword="null"/> where none is.</param>
/// <param name="Operator">The node's operator.</param>
/// <param name="Weights">The weights that need a gradient through the node.</param>
public sealed record Obstacle(string Message, string? Node, string? Operator, IReadOnlyList<string> Weights)
{
    internal Obstacle(string message)
        : this(message, null, null, [])
    {
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelReport))]
internal sealed partial class InspectionJson : JsonSerializerContext;
