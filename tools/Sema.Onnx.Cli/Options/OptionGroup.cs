using System.CommandLine;

namespace Sema.Onnx.Cli.Options;

/// <summary>A family of options: a heading in the help, and the part of the library's options that they make.</summary>
/// <param name="title">The heading.</param>
internal abstract class OptionGroup(string title)
{
    private readonly List<Option> _options = [];

    internal string Title => title;

    internal IReadOnlyList<Option> Options => _options;

    private protected T Add<T>(T option)
        where T : Option
    {
        _options.Add(option);
        return option;
    }

    private protected void Remove(Option option) => _options.Remove(option);
}
