using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Data;
using SparkTrain.Model;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>generate</c>: continues a text with a trained model.</summary>
internal static class GenerateCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("generate", "Continue a text with a trained model.");
        var model = ModelOption.Create();
        var prompt = new Option<string>("--prompt") { HelpName = "TEXT", Description = "The text to continue; empty begins a document.", DefaultValueFactory = _ => "" };
        var maxTokens = new Option<int>("--max-tokens") { HelpName = "N", Description = "Tokens to generate at most.", DefaultValueFactory = _ => 200 };
        var temperature = new Option<double>("--temperature") { HelpName = "T", Description = "Randomness; 0 always takes the most probable token.", DefaultValueFactory = _ => 0.8 };
        var topP = new Option<double>("--top-p") { HelpName = "P", Description = "Draw from the most probable tokens that together reach P.", DefaultValueFactory = _ => 0.95 };
        var seed = new Option<int>("--seed") { HelpName = "N", Description = "Seed of the draws." };
        var threads = ModelOption.Threads();
        foreach (var option in (Option[])[model, prompt, maxTokens, temperature, topP, seed, threads]) command.Options.Add(option);
        command.SetAction(arguments => Run(
            terminal, arguments.GetValue(model)!, arguments.GetValue(prompt)!, arguments.GetValue(maxTokens),
            new() { Temperature = arguments.GetValue(temperature), TopP = arguments.GetValue(topP), Seed = arguments.GetValue(seed) }, arguments.GetValue(threads)));
        return command;
    }

    private static int Run(Terminal terminal, string path, string prompt, int maxTokens, SamplingOptions options, int threads)
    {
        try
        {
            options.Check();
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new ConfigurationException($"{(e.ParamName == nameof(options.TopP) ? "--top-p" : "--temperature")} is {e.ActualValue}; {e.Message.Split('(')[0].Trim()}.");
        }
        LibTorch.Load(threads);
        using var trained = TrainedModel.Load(path, new ComputeOptions());
        var tokenizer = trained.Tokenizer;
        var tokens = Begin(tokenizer);
        tokenizer.Encode(prompt, tokens);
        if (tokens.Count >= trained.Model.Config.MaxSeqLen)
            throw new ConfigurationException($"--prompt has {tokens.Count} tokens; the model {trained.Source} takes at most {trained.Model.Config.MaxSeqLen - 1}.");

        terminal.Out.Write(prompt);
        var decoder = new StreamingDecoder(tokenizer);
        foreach (int token in TokenGenerator.Generate(trained.Model, tokens, maxTokens, tokenizer.EosToken, options))
            if (token != tokenizer.EosToken) terminal.Out.Write(decoder.Append(token));
        terminal.Out.WriteLine(decoder.Flush());
        return ExitCodes.Done;
    }

    // A tokenizer without a begin token begins a document after the end of another.
    private static List<int> Begin(ITokenizer tokenizer) => [tokenizer.BosToken ?? tokenizer.EosToken];
}
