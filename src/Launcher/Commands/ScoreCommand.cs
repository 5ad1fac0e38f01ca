using System.CommandLine;
using SparkTrain.Data;
using SparkTrain.Model;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>score</c>: the log-probability of every token of given sequences.</summary>
internal static class ScoreCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("score", "Write the log-probability of every token of given texts or token sequences.");
        var model = ModelOption.Create();
        var input = new Option<FileInfo>("--input") { HelpName = "FILE", Required = true, Description = "JSON lines: {\"text\": …} or {\"tokens\": […], \"document_ids\": […]}." };
        var output = new Option<FileInfo>("--output") { HelpName = "FILE", Required = true, Description = "JSON lines: {\"logprobs\": […]}, one value for each token but the first." };
        var engine = new Option<string>("--engine") { Description = "What computes.", DefaultValueFactory = _ => "torch" };
        engine.AcceptOnlyFromAmong("torch");
        var threads = ModelOption.Threads();
        foreach (var option in (Option[])[model, input, output, engine, threads]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            long lines = Run(arguments.GetValue(model)!, arguments.GetValue(input)!.FullName, arguments.GetValue(output)!.FullName, arguments.GetValue(threads));
            terminal.Out.WriteLine($"{arguments.GetValue(output)}: {lines} sequences");
            return ExitCodes.Done;
        });
        return command;
    }

    private static long Run(string path, string input, string output, int threads)
    {
        if (!File.Exists(input)) throw new DataException(input, "there is no such file", "JSON lines to score", "check --input");
        LibTorch.Load(threads);
        using var trained = TrainedModel.Load(path, new ComputeOptions());
        long lines = 0;
        WholeFile.Write(output, "--output", writer => lines = SequenceScorer.Score(trained, input, writer));
        return lines;
    }
}
