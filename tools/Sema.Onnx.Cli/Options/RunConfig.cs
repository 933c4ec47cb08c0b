using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sema.Onnx.Cli.Commands;
using Sema.Onnx.Training;

namespace Sema.Onnx.Cli.Options;

/// <summary><c>config.json</c> in a run's folder: the options it was begun with, so that nothing else is needed to go on.</summary>
/// <param name="command">The command whose options they are.</param>
/// <param name="model">Its argument for the model.</param>
/// <param name="options">Its options.</param>
internal sealed class RunConfig(SemaCommand command, Argument<string> model, TrainingOptions options)
{
    /// <summary>The options in which a resumed run may differ: the bits of its steps do not depend on them.</summary>
    internal static readonly string[] Free = ["--epochs", "--steps", "--patience", "--evaluate-every", "--top-k", "--save-every", "--keep", "--threads", "--provider"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Reads the options of a run; flags win where a resumed run may differ.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="parse">The arguments as given.</param>
    /// <returns>The arguments that the configuration stands for.</returns>
    internal IReadOnlyList<string> Resume(string folder, ParseResult parse)
    {
        var path = new RunFolder(folder).Config;
        if (!Directory.Exists(folder))
            throw new UsageException($"There is no run '{folder}'.");
        if (!File.Exists(path))
            throw new UsageException($"'{folder}' holds no run that can go on: it has no {Path.GetFileName(path)}, so it was stopped before its first step, or is something else; begin a run with sema train MODEL --data SPEC --out RUN.");
        if (parse.GetResult(model) is { Tokens: [var named, ..] } && !named.Value.StartsWith('-'))
            throw new UsageException($"A resumed run goes on with its own model; leave out '{named.Value}'.");
        var config = ConfigFile.Read(path);
        foreach (var option in Recorded().Where(o => ConfigFile.IsGiven(parse, o) && parse.Errors.Count == 0))
        {
            if (!Free.Contains(option.Name) && !JsonNode.DeepEquals(Value(parse, option), config[option.Name[2..]]))
            {
                throw new UsageException($"{option.Name}: the run began with {config[option.Name[2..]]?.ToJsonString() ?? "none"}, and a resumed run keeps that; "
                    + $"it may differ in {Flag.Listed(Free)} only.");
            }
        }

        return ConfigFile.Tokens(config, parse, path);
    }

    /// <summary>Writes the options in effect, whole or not at all.</summary>
    internal void Write(RunFolder run, ParseResult parse)
    {
        var config = new JsonObject { [ConfigFile.Model] = Path.GetFullPath(parse.GetValue(model)!) };
        foreach (var option in Recorded())
        {
            if (Value(parse, option) is { } value)
                config[option.Name[2..]] = value;
        }

        File.WriteAllText(run.Config + ".new", config.ToJsonString(Indented) + "\n");
        File.Move(run.Config + ".new", run.Config, overwrite: true);
    }

    private IEnumerable<Option> Recorded() => command.Groups.Where(g => g is not CommonOptions).SelectMany(g => g.Options)
        .Where(o => o != options.Run.Out && o != options.Run.Resume);

    private JsonNode? Value(ParseResult parse, Option option)
    {
        var resolved = options.Resolved(parse).FirstOrDefault(r => r.Option == option).Value;
        var value = resolved ?? parse.GetResult(option)?.GetValueOrDefault<object>();
        return ConfigFile.ToJson((option == options.Data.Data || option == options.Data.EvalData) && value is string spec ? DataOptions.Absolute(spec) : value);
    }
}
