using System.CommandLine;
using System.Globalization;
using SparkTrain.Configuration;
using SparkTrain.Data;
using SparkTrain.Input;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>prepare</c>: turns text into token shards.</summary>
internal static class PrepareCommand
{
    private static readonly string[] Options = ["--source", "--tokenizer", "--output", "--validation-fraction", "--shard-tokens", "--text-field", "--deduplicate", "--leave-out"];

    public static Command Create(Terminal terminal)
    {
        var command = new Command("prepare", "Turn text into a dataset of token shards.");
        var defaults = new PrepareOptions { Sources = [], Output = "" };
        var files = new Argument<string[]>("FILES") { Description = "Text, JSON, Parquet or Arrow files, folders, patterns, or prepared datasets.", Arity = ArgumentArity.ZeroOrMore };
        var source = new Option<string[]>("--source") { HelpName = "SOURCE", Description = "'dotnet-docs' (the documentation of the installed .NET SDK), or files as above." };
        var tokenizer = new Option<string?>("--tokenizer") { HelpName = "SPEC", Description = "byte, bpe:N (train N pieces), a Hugging Face tokenizer.json, or a .tiktoken file. If not given: that of the prepared datasets among the sources, else byte." };
        var output = new Option<string>("--output") { HelpName = "DIR", Required = true, Description = "The dataset's folder." };
        var validation = new RealOption("--validation-fraction") { HelpName = "F", Description = "Share of the documents held back for validation, by their hash.", DefaultValueFactory = _ => defaults.ValidationFraction };
        var shardTokens = new Option<long>("--shard-tokens") { HelpName = "N", Description = "Tokens of a shard.", DefaultValueFactory = _ => defaults.ShardTokens };
        var textField = new Option<string>("--text-field") { HelpName = "NAME", Description = "The field or column that holds the text.", DefaultValueFactory = _ => defaults.TextField };
        var deduplicate = new Option<bool>("--deduplicate") { Description = "Leave out documents of which an equal one came before; takes about 24 bytes of memory a document." };
        var leaveOut = new Option<bool>("--leave-out") { Description = "Leave out files of folders that look like text and are not read, such as other encodings, packings and endings." };
        command.Arguments.Add(files);
        foreach (var option in (Option[])[source, tokenizer, output, validation, shardTokens, textField, deduplicate, leaveOut]) command.Options.Add(option);
        command.SetAction(arguments => Run(terminal, new()
        {
            Sources = [.. arguments.GetValue(source) ?? [], .. arguments.GetValue(files) ?? []],
            Output = arguments.GetValue(output)!,
            Tokenizer = arguments.GetValue(tokenizer),
            ValidationFraction = arguments.GetValue(validation),
            ShardTokens = arguments.GetValue(shardTokens),
            TextField = arguments.GetValue(textField)!,
            Deduplicate = arguments.GetValue(deduplicate),
            LeaveOut = arguments.GetValue(leaveOut),
        }));
        return command;
    }

    private static int Run(Terminal terminal, PrepareOptions options)
    {
        if (options.Sources.Count == 0) throw new ConfigurationException("prepare was given nothing to read; name files, folders or patterns, or --source dotnet-docs.");
        if (options.Sources.FirstOrDefault(source => source.StartsWith("--", StringComparison.Ordinal) && !File.Exists(source)) is { } mistyped)
            throw new ConfigurationException("prepare", $"there is no option {mistyped}{(NearestName.Of(mistyped, Options) is { } near ? $"; perhaps {near} is meant" : "")}", "options of prepare, then what to read", "correct it; 'prepare --help' lists them");
        if (options.Problems() is [_, ..] problems) throw new ConfigurationException("prepare", string.Join(" ", problems).TrimEnd('.'), "options within their ranges", "correct the options; 'prepare --help' lists them");
        using var stop = new StopSignals(terminal, "leaving; the same command goes on after the shards that are finished");
        PrepareResult result;
        using (var progress = new PrepareView(terminal)) result = DatasetBuilder.Build(options, progress, stop.Token);
        foreach (string line in PrepareTable.Lines(result)) terminal.Out.WriteLine(line);
        var (train, validation) = (result.Manifest.Train, result.Manifest.Validation);
        string leftOut = options.Deduplicate ? string.Create(CultureInfo.InvariantCulture, $"; {result.Manifest.DuplicateDocuments:N0} copies left out") : "";
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{options.Output}: {(result.WasUpToDate ? "up to date, " : "")}{train.Documents:N0} documents, {train.Tokens:N0} tokens to train on; {validation.Documents:N0} documents, {validation.Tokens:N0} tokens for validation; tokenizer {result.Manifest.Tokenizer.Name}{leftOut}"));
        return ExitCodes.Done;
    }
}
