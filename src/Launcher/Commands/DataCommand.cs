using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Data;
using SparkTrain.Launcher.DataViews;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>data</c>: shows what a model will see, and checks data sets.</summary>
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
        var split = new Option<string>("--split") { Description = "With DIR: which split.", DefaultValueFactory = _ => Train };
        split.AcceptOnlyFromAmong(Train, Validation);
        var tokens = new Option<bool>("--tokens") { Description = "Print token ids and what each stands for." };
        var json = new Option<bool>("--json") { Description = "Print one JSON object a line." };
        foreach (var option in (Option[])[from, count, split, tokens, json]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            if (arguments.GetValue(from) < 0 || arguments.GetValue(count) < 1) throw new ConfigurationException("--from must be at least 0 and --count at least 1.");
            Action<ShownSample, string> write = arguments.GetValue(json) ? (sample, _) => SampleView.WriteJson(sample, terminal.Out) : (sample, what) => SampleView.Write(sample, what, arguments.GetValue(tokens), terminal);
            if (Choose(arguments, folder, options) is { } path) ShowDocuments(path, arguments.GetValue(split)!, arguments.GetValue(from), arguments.GetValue(count), write);
            else ShowSamples(options.Load(arguments).Value, arguments.GetValue(from), arguments.GetValue(count), write);
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
        var copies = new Option<bool>("--no-copies") { Description = "Look for no copies of documents; saves about 50 bytes of memory a document." };
        var strict = new Option<bool>("--strict") { Description = "Exit code 3 for warnings too." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        foreach (var option in (Option[])[copies, strict, json]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            string[] given = arguments.GetValue(folders) ?? [];
            if (given.Length == 0 == !options.IsGiven(arguments)) throw new ConfigurationException("data check wants datasets, or --config with the run that reads them; one of the two.");
            if (given.Length == 0) given = [.. options.Load(arguments).Value.Data.AllSources().Select(source => source.Folder)];
            return Check([.. given.Distinct()], !arguments.GetValue(copies), arguments.GetValue(strict), arguments.GetValue(json), terminal);
        });
        return command;
    }

    private static string? Choose(ParseResult arguments, Argument<string?> folder, ConfigurationOptions options) =>
        arguments.GetValue(folder) is null == !options.IsGiven(arguments) ? throw new ConfigurationException("data show wants a dataset, or --config with the run that reads it; one of the two.") : arguments.GetValue(folder);

    private static void ShowSamples(TrainConfig config, long from, long count, Action<ShownSample, string> write)
    {
        using var data = TrainingData.Open(config);
        var samples = TrainingData.Samples(data, config);
        var (tokens, documents) = (new int[samples.Columns], new int[samples.Columns]);
        for (long index = from; index < from + count; index++)
        {
            samples.Read(index, tokens, documents);
            write(ShownSample.Of(index, data.Sources[samples.SourceOf(index)].Config.Name, tokens, documents, data.Tokenizer), "sample");
        }
    }

    private static void ShowDocuments(string path, string splitName, long from, long count, Action<ShownSample, string> write)
    {
        using var dataset = TokenDataset.Open(path);
        var split = splitName == Train ? dataset.Train : dataset.Validation;
        if (from >= split.Documents) throw new DataException(path, $"the split '{splitName}' has {split.Documents} documents", $"a document from 0 to {split.Documents - 1}", "choose another --from");
        foreach (var (index, document) in split.ReadDocuments(from, Math.Min(count, split.Documents - from)))
            write(ShownSample.Of(index, splitName, document, new int[document.Length], dataset.Tokenizer), "document");
    }

    private static int Check(string[] folders, bool comparesDocuments, bool isStrict, bool printsJson, Terminal terminal)
    {
        using var stop = new StopSignals(terminal, "leaving");
        var hashes = comparesDocuments ? new DocumentHashes() : null;
        DatasetReport[] reports;
        var progress = new CheckProgress(terminal);
        using (progress) reports = [.. folders.Select(folder => DatasetCheck.Run(folder, hashes, progress, stop.Token))];
        var leaks = hashes?.Leaks() ?? [];
        if (printsJson) CheckView.WriteJson(reports, leaks, terminal.Out);
        else CheckView.Write(reports, leaks, progress.Bytes, progress.Elapsed, terminal);
        return reports.Any(report => report.IsDamaged) || (isStrict && CheckView.All(reports, leaks).Any()) ? ExitCodes.Data : ExitCodes.Done;
    }
}
