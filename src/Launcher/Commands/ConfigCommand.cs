using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Launcher.Export;
using SparkTrain.ModelFormat;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>config</c>: shows, checks, explains and begins configurations.</summary>
internal static class ConfigCommand
{
    public static Command Create(Terminal terminal) => new("config", "Show, check and explain configurations.")
    {
        Show(terminal), Check(terminal), Explain(terminal), Import(terminal), Schema(terminal), Reference(terminal),
    };

    private static Command Show(Terminal terminal)
    {
        var command = new Command("show", "Print every value with where it comes from.");
        var json = new Option<bool>("--json") { Description = "Print JSON that loads again, origins beside it." };
        var options = new ConfigurationOptions(command);
        command.Options.Add(json);
        command.SetAction(arguments =>
        {
            var resolved = options.Load(arguments);
            if (arguments.GetValue(json)) terminal.Out.Write(resolved.ToJson());
            else WriteTable(resolved, terminal.Out);
        });
        return command;
    }

    private static Command Check(Terminal terminal)
    {
        var command = new Command("check", "Report every mistake in a configuration; exit code 2 where there is one.");
        var options = new ConfigurationOptions(command);
        command.SetAction(arguments =>
        {
            var resolved = options.Load(arguments);
            var count = resolved.Values.CountBy(value => value.Origin.Kind).ToDictionary();
            terminal.Out.WriteLine($"{resolved.File}: ok, {resolved.Values.Count} keys: "
                + $"{count.GetValueOrDefault(OriginKind.File)} from the file, {count.GetValueOrDefault(OriginKind.Environment)} from the environment, "
                + $"{count.GetValueOrDefault(OriginKind.Set)} by --set, {count.GetValueOrDefault(OriginKind.Default)} defaults");
        });
        return command;
    }

    private static Command Explain(Terminal terminal)
    {
        var command = new Command("explain", "Explain one key: meaning, type, range, default.");
        var key = new Argument<string>("KEY") { Description = "A key or section, for example Model.Ffn.Active." };
        key.CompletionSources.Add(_ => ConfigurationReference.Keys<TrainConfig>());
        command.Arguments.Add(key);
        command.SetAction(arguments => terminal.Out.Write(ConfigurationReference.Explain<TrainConfig>(arguments.GetValue(key)!)));
        return command;
    }

    private static Command Import(Terminal terminal)
    {
        var command = new Command("import", "Print a configuration that goes on training the model of a folder.");
        var folder = new Argument<string>("DIR") { Description = "A model folder, Spark or Gemma-2, as SparkTrain or Hugging Face writes it." };
        command.Arguments.Add(folder);
        command.SetAction(arguments =>
        {
            using var model = ModelFolder.Open(arguments.GetValue(folder)!);
            terminal.Out.Write(ImportedConfiguration.Render(arguments.GetValue(folder)!, model.Config));
        });
        return command;
    }

    private static Command Schema(Terminal terminal)
    {
        var command = new Command("schema", "Print the JSON Schema that editors complete and check configurations with.");
        command.SetAction(_ => terminal.Out.Write(JsonSchemaWriter.Write<TrainConfig>("SparkTrain configuration")));
        return command;
    }

    private static Command Reference(Terminal terminal)
    {
        var command = new Command("reference", "Print the table of all keys, in Markdown.");
        var update = new Option<FileInfo>("--update") { HelpName = "FILE", Description = "Replace the reference inside this document instead of printing it." };
        command.Options.Add(update);
        command.SetAction(arguments =>
        {
            if (arguments.GetValue(update) is not { } document) terminal.Out.Write(ConfigurationReference.Markdown<TrainConfig>());
            else if (document.Exists) File.WriteAllText(document.FullName, ConfigurationReference.Insert<TrainConfig>(File.ReadAllText(document.FullName)));
            else throw new ConfigurationException($"{document}: no such file; must be a Markdown document with reference markers, for example docs/configuration.md.");
        });
        return command;
    }

    private static void WriteTable(ResolvedConfiguration<TrainConfig> resolved, TextWriter output)
    {
        var values = resolved.Values;
        var (keys, texts) = (values.Max(value => value.Key.Length), Math.Min(40, values.Max(value => value.Text.Length)));
        output.WriteLine(resolved.File);
        foreach (var (key, text, origin) in values)
        {
            var where = origin.Kind == OriginKind.File ? $"{Path.GetFileName(origin.Name)}:{origin.Line}:{origin.Column}" : origin.ToString();
            output.WriteLine($"  {key.PadRight(keys)}  {text.PadRight(texts)}  {where}");
        }
    }
}
