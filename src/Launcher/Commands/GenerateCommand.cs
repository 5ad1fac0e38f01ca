using System.CommandLine;
using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Generation;
using SparkTrain.Input;
using SparkTrain.Launcher.DataViews;
using SparkTrain.Launcher.Generation;
using SparkTrain.ModelFormat;
using SparkTrain.Tokenizers;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>generate</c>: continues texts with a trained model.</summary>
internal static class GenerateCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("generate", "Continue a text, or many, with a trained model.");
        var model = ModelOption.Create();
        var prompt = new Option<string?>("--prompt") { HelpName = "TEXT", Description = "The text to continue; empty begins a document." };
        var promptFile = new Option<string?>("--prompt-file") { HelpName = "FILE", Description = "A file with the text to continue." };
        var input = new Option<string?>("--input") { HelpName = "FILE", Description = "JSON lines to continue: {\"prompt\": …} or {\"tokens\": […]}, and max_tokens, stop, seed, temperature … where a line wants its own." };
        var output = new Option<string?>("--output") { HelpName = "FILE", Description = "With --input: where the JSON lines of the results go; without it they are printed." };
        var batch = new Option<int>("--batch") { HelpName = "N", Description = "With --input: prompts side by side.", DefaultValueFactory = _ => 1 };
        foreach (var option in (Option[])[model, prompt, promptFile, input, output, batch]) command.Options.Add(option);
        var settings = new GenerationOptions(command);
        var json = new Option<bool>("--json") { Description = "Print the result as JSON, as with --input." };
        var quiet = new Option<bool>("--quiet") { Description = "Show no tokens per second at the end." };
        foreach (var option in (Option[])[json, quiet]) command.Options.Add(option);
        var engine = new EngineArguments(command, EngineArguments.Sparse, needsAllLogits: false);
        command.SetAction(arguments =>
        {
            Option<string?>[] sources = [.. ((Option<string?>[])[prompt, promptFile, input]).Where(option => arguments.GetResult(option) is not null)];
            if (sources.Length > 1) throw new ConfigurationException($"{sources[0].Name} and {sources[1].Name} exclude each other; give one of them.");
            foreach (var option in ((Option[])[output, batch]).Where(option => arguments.GetResult(option) is { Implicit: false }))
                if (!sources.Contains(input)) throw new ConfigurationException($"{option.Name} is for JSON lines of prompts; give them by {input.Name} FILE.");
            int sideBySide = arguments.GetValue(batch);
            if (sideBySide < 1) throw new ConfigurationException(batch.Name, $"it is {sideBySide}", "1 or more", "correct it");
            var (how, choice) = (settings.Read(arguments), engine.Read(arguments));
            string? file = arguments.GetValue(input) ?? arguments.GetValue(promptFile);
            string text = file is null ? arguments.GetValue(prompt) ?? "" : TextFile.Read(file, sources[0].Name);

            var (decoder, tokenizer, folder) = Open(arguments.GetValue(model)!, choice, terminal);
            using var opened = decoder;
            bool areLines = sources.Contains(input);
            var requests = areLines ? new PromptLines(tokenizer, decoder.Config, how).Read(text, file!) : [One(tokenizer, decoder.Config, text, file, how)];
            return Run(terminal, new(decoder, tokenizer, folder, sideBySide), arguments.GetValue(quiet), (generator, stop) =>
            {
                if (arguments.GetValue(output) is { } results) WriteFile(results, generator, requests, terminal, stop);
                else if (areLines || arguments.GetValue(json)) generator.WriteJson(requests, terminal.Out, stop);
                else Stream(text, generator, requests, terminal, stop);
            });
        });
        return command;
    }

    private static (IDecoder Decoder, ITokenizer Tokenizer, string Folder) Open(string path, EngineChoice engine, Terminal terminal)
    {
        using var source = ModelSource.Open(path, ModelOption.Skipped(terminal));
        var tokenizer = TokenizerLoader.LoadFor(source.TokenizerFolder, source.Config.VocabSize);
        return (engine.Load(source), tokenizer, source.Folder);
    }

    // Runs the work until it is done or a signal comes, and says how fast it was.
    private static int Run(Terminal terminal, TextGenerator generator, bool isQuiet, Action<TextGenerator, CancellationToken> work)
    {
        using var stop = new StopSignals(terminal, "leaving");
        try
        {
            work(generator, stop.Token);
            return ExitCodes.Done;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.SavedAndLeft;
        }
        finally
        {
            if (!isQuiet && generator.Speed.PrefillTokens > 0) terminal.Error.WriteLine(Text(generator.Speed));
        }
    }

    private static PromptRequest One(ITokenizer tokenizer, ModelConfig model, string text, string? file, GenerationSettings settings)
    {
        var request = new PromptRequest(tokenizer.EncodeFromStart(text), settings);
        if (file is not null) request.Require(model, file);
        else if (request.Problem(model) is var (found, expected)) throw new ConfigurationException("--prompt", found, expected, "shorten it");
        return request;
    }

    private static void Stream(string text, TextGenerator generator, IReadOnlyList<PromptRequest> requests, Terminal terminal, CancellationToken stop)
    {
        // A person sees escape codes spelled out; a program gets what the model wrote.
        var output = terminal.IsLive ? terminal.Out : terminal.Exact;
        try
        {
            output.Write(text);
            foreach (var (_, _, piece) in generator.Run(requests, stop)) output.Write(piece);
        }
        finally
        {
            output.WriteLine();
        }
    }

    private static void WriteFile(string path, TextGenerator generator, IReadOnlyList<PromptRequest> requests, Terminal terminal, CancellationToken stop)
    {
        WholeFile.Write(path, "--output", writer => generator.WriteJson(requests, writer, stop));
        terminal.Out.WriteLine($"{path}: {requests.Count} continuations");
    }

    private static string Text(GenerationSpeed speed)
    {
        static string Part(string name, long tokens, TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{name} {tokens:N0} tokens, {tokens / time.TotalSeconds:N1} tokens/s");
        string prefill = Part("prefill", speed.PrefillTokens, speed.PrefillTime);
        return speed.DecodedTokens == 0 ? prefill : $"{prefill} | {Part("decode", speed.DecodedTokens, speed.DecodeTime)}";
    }
}
