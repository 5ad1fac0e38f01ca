using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Data;
using SparkTrain.Input;
using SparkTrain.Launcher.DataViews;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>data</c>: shows what a model will see, and checks datasets.</summary>
internal static class DataCommand
{
    private const string Train = "train", Validation = "validation";

    public static Command Create(Terminal terminal) => new("data", "Look at prepared data, and check it.") { CreateShow(terminal), CreateCheck(terminal) };

    private static Command CreateShow(Terminal terminal)
    {
        var command = new Command("show", "Print the samples of a run as the model will see them, or the documents of a dataset.");
        var folder = new Argument<string?>("DIR") { Description = "A dataset, whose documents are shown; leave it out with --config.", Arity = ArgumentArity.ZeroOrOne };
        command.Arguments.Add(folder);
        var options = new ConfigurationOptions(command, isRequired: false);
        var from = new Option<long>("--from") { HelpName = "N", Description = "The first sample or document to show, counted from 0." };
        var count = new Option<long>("--count") { HelpName = "N", Description = "How many to show.", DefaultValueFactory = _ => 1 };
        var split = new Option<string>("--split") { Description = "Which split: with --config, the samples to train on or those of each validation.", DefaultValueFactory = _ => Train };
        split.AcceptOnlyFromAmong(Train, Validation);
        var tokens = new Option<bool>("--tokens") { Description = "Print every token: its position, its id and what it stands for." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line." };
        foreach (var option in (Option[])[from, count, split, tokens, json]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            var (first, number, splitName) = (arguments.GetValue(from), arguments.GetValue(count), arguments.GetValue(split)!);
            if (first < 0 || number < 1) throw new ConfigurationException("--from must be at least 0 and --count at least 1.");
            if (arguments.GetValue(tokens) && arguments.GetValue(json)) throw new ConfigurationException("--json prints the tokens anyway; leave --tokens out.");
            bool isDataset = arguments.GetValue(folder) is not null;
            RequireOne(isDataset, options, arguments, "data show wants a dataset, or --config with the run that reads it");
            var view = new SampleView(terminal, arguments.GetValue(tokens), arguments.GetValue(json));
            using ISampleSource source = isDataset ? new DatasetDocuments(arguments.GetValue(folder)!, splitName) : RunSamples.Open(options.Load(arguments).Value, splitName == Validation);
            view.Write(source, first, number);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command CreateCheck(Terminal terminal)
    {
        var command = new Command("check", "Read datasets once, all of it: hashes, tokens, documents, copies, and documents of validation that are trained on.");
        var folders = new Argument<string[]>("DIR") { Description = "Datasets; or leave them out with --config.", Arity = ArgumentArity.ZeroOrMore };
        command.Arguments.Add(folders);
        var options = new ConfigurationOptions(command, isRequired: false);
        var copies = new Option<bool>("--no-copies") { Description = "Look for no copies of documents; saves about 90 bytes of memory a document." };
        var strict = new Option<bool>("--strict") { Description = "Exit code 3 for warnings too." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        foreach (var option in (Option[])[copies, strict, json]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            string[] given = arguments.GetValue(folders) ?? [];
            RequireOne(given.Length > 0, options, arguments, "data check wants datasets, or --config with the run that reads them");
            if (given.Length == 0) given = [.. options.Load(arguments).Value.Data.AllSources().Select(source => source.Folder)];
            // However often and in whatever way one is named.
            given = [.. given.DistinctBy(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))];
            bool comparesDocuments = !arguments.GetValue(copies);
            if (comparesDocuments && given.Length > DocumentHashes.MaxDatasets)
                throw new ConfigurationException($"data check compares the documents of at most {DocumentHashes.MaxDatasets} datasets, not {given.Length}; check them in parts, or add --no-copies.");
            var (result, progress) = Check(given, comparesDocuments, terminal, shows: !arguments.GetValue(json));
            if (arguments.GetValue(json)) CheckView.WriteJson(result, terminal.Out);
            else CheckView.Write(result, progress.Bytes, progress.Elapsed, terminal);
            return result.IsDamaged || (arguments.GetValue(strict) && result.Problems.Count > 0) ? ExitCodes.Data : ExitCodes.Done;
        });
        return command;
    }

    private static void RequireOne(bool hasFolders, ConfigurationOptions options, ParseResult arguments, string what)
    {
        if (hasFolders == options.IsGiven(arguments)) throw new ConfigurationException($"{what}; one of the two.");
        if (hasFolders && options.HasOverrides(arguments)) throw new ConfigurationException("--set changes a configuration; it goes with --config.");
    }

    private static (CheckResult Result, CheckProgress Progress) Check(string[] folders, bool comparesDocuments, Terminal terminal, bool shows)
    {
        using var stop = new StopSignals(terminal, "leaving");
        using var progress = new CheckProgress(terminal, shows);
        var hashes = comparesDocuments ? new DocumentHashes() : null;
        DatasetReport[] reports = [.. folders.Select(folder => DatasetCheck.Run(folder, hashes, progress, stop.Token))];
        return (CheckResult.Of(reports, hashes), progress);
    }
}
