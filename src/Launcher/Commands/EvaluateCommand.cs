using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Input;
using SparkTrain.Launcher.Evaluation;
using SparkTrain.Model;
using SparkTrain.ModelFormat;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>evaluate</c>: losses on datasets and accuracies on multiple-choice questions.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("evaluate", "Measure a model on the validation splits of datasets and on multiple-choice questions.");
        var model = ModelOption.Create();
        var data = new Option<string[]>("--data") { HelpName = "[NAME=]DIR", Description = "A dataset that prepare made with the model's tokenizer; may be given several times.", DefaultValueFactory = _ => [] };
        var choices = new Option<string[]>("--choices") { HelpName = "[NAME=]FILE", Description = "JSON lines {\"context\": …, \"choices\": […], \"gold\": 0}; may be given several times.", DefaultValueFactory = _ => [] };
        var tokens = new Option<long>("--tokens") { HelpName = "N", Description = "Targets of each dataset at most, from its beginning.", DefaultValueFactory = _ => long.MaxValue };
        var seqLen = new Option<int?>("--seq-len") { HelpName = "N", Description = "Tokens of a sample; the model's length where not given." };
        var batch = new Option<int>("--batch") { HelpName = "N", Description = "Samples side by side.", DefaultValueFactory = _ => 8 };
        var delimiter = new Option<string>("--delimiter") { HelpName = "TEXT", Description = "What stands between context and choice.", DefaultValueFactory = _ => " " };
        var selector = new Option<string?>("--selector") { Description = "What picks neurons and keys, in place of the model's own way." };
        selector.AcceptOnlyFromAmong("statistical", "exact");
        var answers = new Option<string?>("--answers") { HelpName = "FILE", Description = "Write the log-likelihoods of every choice, a question a line." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var threads = ModelOption.Threads();
        foreach (var option in (Option[])[model, data, choices, tokens, seqLen, batch, delimiter, selector, answers, json, threads]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            var request = new Request(
                arguments.GetValue(model)!, Named(arguments.GetValue(data)!), Named(arguments.GetValue(choices)!), arguments.GetValue(tokens), arguments.GetValue(seqLen), arguments.GetValue(batch), arguments.GetValue(delimiter)!,
                arguments.GetValue(selector) switch { "exact" => TopkSelector.Exact, "statistical" => TopkSelector.Statistical, _ => null }, arguments.GetValue(answers), arguments.GetValue(threads));
            request.Check();
            var report = Run(request, terminal);
            if (arguments.GetValue(json)) terminal.Out.WriteLine(report.ToJson());
            else EvaluationText.Write(report, terminal.Out);
            return ExitCodes.Done;
        });
        return command;
    }

    private static EvaluationReport Run(Request request, Terminal terminal)
    {
        using var stop = new StopSignals(terminal, "leaving");
        // What is wrong with the questions is told before a model is loaded.
        var questions = request.Choices.Select(set => (set.Name, Questions: ChoiceReader.Read(set.Path))).ToList();
        LibTorch.Load(request.Threads);
        SparsitySink? sparsity = null;
        using var trained = TrainedModel.LoadWith(request.Model, config => new ComputeOptions { Sparsity = sparsity = new SparsitySink(config.NumLayers) }, ModelOption.Skipped(terminal));
        trained.Model.Options.Level.Selector = request.Selector;
        int limit = trained.Model.Config.MaxSeqLen, seqLen = request.SeqLen ?? limit;
        if (seqLen > limit) throw new ConfigurationException($"--seq-len is {seqLen}; the model {trained.Source} takes at most {limit}.");

        var evaluator = new DatasetEvaluator(trained, seqLen, request.Batch);
        DatasetLoss[] losses = [.. request.Data.Select(set => evaluator.Run(new() { Name = set.Name, Folder = set.Path }, request.Tokens, stop.Token))];
        ChoiceResult[] accuracies = [.. questions.Select(set => new ChoiceResult(set.Name, ChoiceScorer.Answer(trained, set.Questions, request.Delimiter)))];
        if (request.Answers is { } file) EvaluationText.WriteAnswers(accuracies, file);
        return new(trained.Source, losses, accuracies, sparsity!.FfnActiveFraction(), sparsity.AttentionKept());
    }

    private static (string Name, string Path)[] Named(string[] given) =>
        [.. given.Select(text => text.IndexOf('=', StringComparison.Ordinal) is var at and > 0 ? (text[..at], text[(at + 1)..]) : (Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(text)), text))];

    private sealed record Request(
        string Model, (string Name, string Path)[] Data, (string Name, string Path)[] Choices, long Tokens, int? SeqLen, int Batch, string Delimiter, TopkSelector? Selector, string? Answers, int Threads)
    {
        public void Check()
        {
            if (Data.Length + Choices.Length == 0) throw new ConfigurationException("evaluate was given nothing to measure on; name datasets by --data or questions by --choices.");
            foreach (string name in Data.Concat(Choices).GroupBy(set => set.Name).Where(g => g.Count() > 1).Select(g => g.Key))
                throw new ConfigurationException($"two sets are called '{name}'; give them names, as in --data NAME=DIR.");
            foreach (var (option, value) in ((string, long)[])[("--tokens", Tokens), ("--seq-len", SeqLen ?? 1), ("--batch", Batch)])
                if (value < 1) throw new ConfigurationException($"{option} is {value}; must be at least 1.");
            if (Answers is not null && Choices.Length == 0) throw new ConfigurationException("--answers writes the choices of --choices; there are none.");
        }
    }
}
