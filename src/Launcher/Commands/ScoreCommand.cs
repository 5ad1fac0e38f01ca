using System.CommandLine;
using SparkTrain.Checkpoints;
using SparkTrain.Input;
using SparkTrain.Launcher.Evaluation;
using SparkTrain.Launcher.Generation;
using SparkTrain.Model;
using SparkTrain.Native;
using SparkTrain.Tokenizers;
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
        foreach (var option in (Option[])[model, input, output]) command.Options.Add(option);
        var engine = new EngineArguments(command, EngineArguments.Torch, needsAllLogits: true);
        command.SetAction(arguments =>
        {
            var choice = engine.Read(arguments);
            string file = arguments.GetValue(input)!.FullName;
            if (!File.Exists(file)) throw new DataException(file, "there is no such file", "JSON lines to score", "check --input");
            Func<string, EngineChoice, string, string, Terminal, long> run = choice.IsSparse ? RunSparse : RunTorch;
            long lines = run(arguments.GetValue(model)!, choice, file, arguments.GetValue(output)!.FullName, terminal);
            terminal.Out.WriteLine($"{arguments.GetValue(output)}: {lines} sequences");
            return ExitCodes.Done;
        });
        return command;
    }

    private static long RunTorch(string path, EngineChoice engine, string input, string output, Terminal terminal)
    {
        LibTorch.Load(engine.Options.Threads);
        using var trained = TrainedModel.Load(path, new ComputeOptions(), ModelOption.Skipped(terminal));
        var scorer = new BatchScorer(trained.Model);
        var sequences = SequenceReader.Read(input, trained.Model.Config, () => trained.Tokenizer);
        return Write(output, writer => SequenceScorer.Score(sequences, scorer.LogProbs, trained.Source, writer));
    }

    private static long RunSparse(string path, EngineChoice engine, string input, string output, Terminal terminal)
    {
        var (decoder, tokenizer, folder) = Open(path, engine, terminal);
        using (decoder)
        {
            var scorer = new SparseScorer(decoder);
            var sequences = SequenceReader.Read(input, decoder.Config, () => tokenizer.Value)
                .Select((sequence, index) => SparseScorer.RequireWholeDocuments(sequence, $"{input}:{index + 1}"));
            try
            {
                return Write(output, writer => SequenceScorer.Score(sequences, some => some.Select(scorer.LogProbs), folder, writer));
            }
            catch (OutOfMemoryException e)
            {
                throw EngineChoice.TooLittleMemory(folder, e);
            }
        }
    }

    // Token ids can be scored without a tokenizer.
    private static (Inference.SparseEngine Decoder, Lazy<ITokenizer> Tokenizer, string Folder) Open(string path, EngineChoice engine, Terminal terminal)
    {
        using var source = ModelSource.Open(path, ModelOption.Skipped(terminal));
        var (folder, vocabSize) = (source.TokenizerFolder, source.Config.VocabSize);
        return (engine.LoadSparse(source), new(() => TokenizerLoader.LoadFor(folder, vocabSize)), source.Folder);
    }

    private static long Write(string output, Func<TextWriter, long> score)
    {
        long lines = 0;
        WholeFile.Write(output, "--output", writer => lines = score(writer));
        return lines;
    }
}
