using System.CommandLine;

namespace Sema.Onnx.Benchmarks;

/// <summary>An option that is a whole number from a least one on.</summary>
internal sealed class CountOption : Option<int>
{
    /// <summary>Makes the option.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it is.</param>
    /// <param name="usual">The number where it is not given.</param>
    /// <param name="least">The least that is taken.</param>
    internal CountOption(string name, string description, int usual, int least = 1)
        : base(name)
    {
        Description = description;
        DefaultValueFactory = _ => usual;
        Validators.Add(given =>
        {
            if (given.Tokens.Count > 0 && int.TryParse(given.Tokens[0].Value, out var number) && number < least)
                given.AddError($"{name} is {number}, and must be at least {least}.");
        });
    }
}
