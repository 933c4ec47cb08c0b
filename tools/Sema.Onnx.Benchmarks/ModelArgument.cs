using System.CommandLine;

namespace Sema.Onnx.Benchmarks;

/// <summary>The model that is measured: a file that has to be there.</summary>
internal sealed class ModelArgument : Argument<string>
{
    /// <summary>Makes the argument.</summary>
    internal ModelArgument()
        : base("MODEL")
    {
        Description = "The .onnx file.";
        Validators.Add(given =>
        {
            if (given.Tokens.Count > 0 && !File.Exists(given.Tokens[0].Value))
                given.AddError($"There is no model '{given.Tokens[0].Value}'.");
        });
    }
}
