namespace Sema.Onnx.Export;

/// <summary>What averages of models are judged by.</summary>
public enum SoupMetric
{
    /// <summary>The share of right classes; more is better.</summary>
    Accuracy,

    /// <summary>The mean loss; less is better.</summary>
    Loss,
}
