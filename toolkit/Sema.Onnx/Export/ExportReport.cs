using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sema.Onnx.Export;

/// <summary>What an export wrote, and what its proof measured.</summary>
/// <param name="Path">The written model file.</param>
/// <param name="ChangedTensors">How many tensors have other values than in the original.</param>
/// <param name="ChangedBytes">The size of these tensors, in bytes.</param>
/// <param name="AddedTensors">How many initializers were added.</param>
/// <param name="Size">The size of the model file and its data files, in bytes.</param>
/// <param name="SignatureMatches">
/// Whether the file read back equals the original, field by field, in all but the changed tensors and (with a new head) the shapes
/// that follow from the number of classes. Always so: an export that fails this is an error.
/// </param>
/// <param name="MaxAbsoluteDifference">The largest difference of any output's element from <c>eval.onnx</c>.</param>
/// <param name="MaxRelativeDifference">The largest difference relative to the output's largest magnitude.</param>
/// <param name="Tolerance">The largest relative difference that the proof allows.</param>
/// <param name="ProvenIn">
/// The least precise float type that the exported model computed in, such as <c>float16</c>; <c>float32</c> where ONNX Runtime has no
/// kernels for the model's own type, and a copy in float32 was run in its place.
/// </param>
/// <param name="SamplesCompared">How many samples were run through both.</param>
/// <param name="ProofInput"><c>data</c> for batches given by the caller, <c>random</c> for seeded noise.</param>
/// <param name="SampleBySample">Whether the model's baked-in batch size of 1 had it run one sample at a time.</param>
/// <param name="ProvenUpgraded">
/// Whether a copy upgraded to opset 21 was run in the exported model's place, since ONNX Runtime has no kernels for the model's own opset,
/// below 7. The file itself keeps its opset.
/// </param>
public sealed record ExportReport(
    string Path, int ChangedTensors, long ChangedBytes, int AddedTensors, long Size, bool SignatureMatches, double MaxAbsoluteDifference,
    double MaxRelativeDifference, double Tolerance, string ProvenIn, int SamplesCompared, string ProofInput, bool SampleBySample, bool ProvenUpgraded)
{
    /// <summary>Writes the report as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ExportJson.Default.ExportReport);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ExportReport))]
internal sealed partial class ExportJson : JsonSerializerContext;
