using System.CommandLine;
using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Input;
using SparkTrain.Launcher.Doctor;
using SparkTrain.Launcher.Export;
using SparkTrain.ModelFormat;
using SparkTrain.ModelFormat.Gguf;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>export</c>: makes a model folder or a GGUF file of a checkpoint or a model folder, weight by weight, without libtorch.</summary>
internal static class ExportCommand
{
    private const string Safetensors = "safetensors", Gguf = "gguf", Gemma2 = "gemma2";

    private static readonly Dictionary<string, TensorType> Types = new() { ["f32"] = TensorType.F32, ["bf16"] = TensorType.BF16, ["f16"] = TensorType.F16 };

    public static Command Create(Terminal terminal)
    {
        var command = new Command("export", "Make a model folder (Hugging Face style) or a GGUF file of a run, a checkpoint or a model folder.");
        var source = new Argument<string>("SOURCE") { Description = "A run's folder or its checkpoints/ (the newest checkpoint whose bytes are as they were written), one checkpoint, or a model folder." };
        var output = new Option<string>("--output") { HelpName = "PATH", Required = true, Description = "The model folder to make, empty or not there yet; with --format gguf the file to make." };
        var format = new Option<string>("--format") { Description = "A model folder, or one file for llama.cpp (dense models only).", DefaultValueFactory = _ => Safetensors };
        format.AcceptOnlyFromAmong(Safetensors, Gguf);
        var dtype = new Option<string?>("--dtype") { Description = "Type of the weights; each is rounded once, to the nearest. Where not given: f32, or that of the model folder." };
        dtype.AcceptOnlyFromAmong([.. Types.Keys]);
        var shardSize = new Option<string>("--max-shard-size") { HelpName = "SIZE", Description = "Weights of a file at most; a larger model is written in shards with an index.", DefaultValueFactory = _ => ShardSize.Default };
        var asFamily = new Option<string?>("--as") { Description = "Name the family in config.json as Hugging Face does; for models that are exactly Gemma-2." };
        asFamily.AcceptOnlyFromAmong(Gemma2);
        var step = new Option<long?>("--step") { HelpName = "N", Description = "The run's checkpoint of this step." };
        var best = new Option<bool>("--best") { Description = "The run's checkpoint of the lowest validation loss." };
        command.Arguments.Add(source);
        foreach (var option in (Option[])[output, format, dtype, shardSize, asFamily, step, best]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            bool isGguf = arguments.GetValue(format) == Gguf, asGemma2 = arguments.GetValue(asFamily) is not null;
            if (isGguf && asGemma2) throw new ConfigurationException("--as is for model folders; a GGUF file says gemma2 by itself.");
            long maxShardBytes = ShardSize.Parse(arguments.GetValue(shardSize)!);
            TensorType? type = arguments.GetValue(dtype) is { } named ? Types[named] : null;
            using var opened = Open(terminal, arguments.GetValue(source)!, arguments.GetValue(step), arguments.GetValue(best));
            if (isGguf) WriteGguf(terminal, opened, arguments.GetValue(output)!, type);
            else WriteFolder(terminal, opened, arguments.GetValue(output)!, type, maxShardBytes, asGemma2);
            return ExitCodes.Done;
        });
        return command;
    }

    private static ExportSource Open(Terminal terminal, string source, long? step, bool best)
    {
        if (step is not null && best) throw new ConfigurationException("--step and --best exclude each other; give one of them.");
        string choice = best ? "--best" : "--step";
        var opened = ModelSource.Open(source, ModelOption.Skipped(terminal), location =>
            (step is not null || best) && location.Checkpoint is not null ? throw new ConfigurationException($"{choice} chooses among the checkpoints of a run; {source} is one checkpoint.")
            : best ? Best(location) : step);
        try
        {
            if (opened.Run is null && (step is not null || best)) throw new ConfigurationException($"{choice} chooses among the checkpoints of a run; {source} is a model folder.");
            return ExportSource.Of(opened);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private static void WriteFolder(Terminal terminal, ExportSource source, string output, TensorType? type, long maxShardBytes, bool asGemma2)
    {
        var config = source.Weights.Config;
        if (asGemma2 && Gemma2Form.Problem(config) is var (key, problem))
            throw new ModelFormatException($"{source.Text} {key}", problem, "a model that is exactly Gemma-2", "leave --as gemma2 out");
        if ((asGemma2 || source.IsGemma2Folder) && Gemma2Form.Warning(config) is { } warning) ErrorReport.Write($"warning: {warning}", terminal);
        var most = type ?? source.Weights.TypeOf(WeightSlots.Of(source.Weights.Config).Embedding);
        var tokens = SpecialTokens(terminal, source);
        FolderFile[] kept = [.. source.KeptFiles()];
        string text = asGemma2 ? SparkConfigWriter.WriteGemma2(config, most, tokens?.Bos, tokens?.Eos) : source.ModelFolder is null ? HuggingFaceConfig.Write(config, most) : source.ConfigWith(most);
        List<FolderFile> files = [new(ModelFolder.ConfigFile, text), .. kept];
        if (tokens is var (bos, eos)) AddUnlessKept(new("generation_config.json", HuggingFaceConfig.WriteGeneration(bos, eos)));
        AddUnlessKept(new("README.md", ModelCard.Render(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(output))), config, most, asGemma2, source.Facts)));
        var (shards, bytes) = ModelExport.Write(source.Weights, output, type, maxShardBytes, files);
        Tell(terminal, source, output, $"{(type is null ? most : type)}{(shards > 1 ? $" in {shards} shards" : "")}, {Size.Text(bytes)}");

        void AddUnlessKept(FolderFile file)
        {
            if (kept.All(other => other.Name != file.Name)) files.Add(file);
        }
    }

    private static void WriteGguf(Terminal terminal, ExportSource source, string output, TensorType? type)
    {
        GgufFile.Require(source.Weights.Config, source.Text);
        var (bos, eos) = source.SpecialTokens();
        var tokenizer = GgufTokenizer.Read(Path.Combine(source.TokenizerFolder, "tokenizer.json"), source.Weights.Config.VocabSize, bos, eos);
        var most = type ?? source.Weights.TypeOf(WeightSlots.Of(source.Weights.Config).Embedding);
        long bytes = ModelExport.WriteGguf(source.Weights, output, source.Name, most, tokenizer);
        Tell(terminal, source, output, $"{most}, {Size.Text(bytes)}");
    }

    private static void Tell(Terminal terminal, ExportSource source, string output, string form) =>
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{output}: {source.Text}, {ParameterCount.Of(source.Weights.Config).Total:N0} parameters in {form}"));

    // Weights are of use without a tokenizer, or with one that SparkTrain cannot read.
    private static (int? Bos, int Eos)? SpecialTokens(Terminal terminal, ExportSource source)
    {
        if (!source.HasTokenizer)
        {
            ErrorReport.Write($"warning: {source.TokenizerFolder} has no tokenizer.json; the model has no tokenizer, and can score token ids only", terminal);
            return null;
        }
        try
        {
            return source.SpecialTokens();
        }
        catch (DataException e)
        {
            ErrorReport.Write($"warning: {e.Message.Split('\n')[0]}; generation_config.json is not written", terminal);
            return null;
        }
    }

    private static long Best(CheckpointLocation location)
    {
        var losses = MetricsFile.ReadValLosses(location.MetricsFile);
        long[] best = [.. Retention.BestFirst(location.Store.Complete().Select(CheckpointStore.StepOf), losses)];
        return best.Length > 0 ? best[0]
            : throw new CheckpointException(location.MetricsFile, "it has the validation loss of no checkpoint", "a checkpoint at a step that was validated", "choose one by --step");
    }
}
