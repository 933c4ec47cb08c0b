using System.CommandLine;
using System.Globalization;

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
        CustomParser = given =>
        {
            if (int.TryParse(given.Tokens[0].Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number >= least)
                return number;
            given.AddError($"{name} is '{given.Tokens[0].Value}', and must be a whole number of at least {least}.");
            return usual;
        };
    }
}
