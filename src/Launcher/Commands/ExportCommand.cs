using System.CommandLine;
using System.Globalization;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Launcher.Doctor;
using SparkTrain.ModelFormat;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>export</c> and <c>checkpoint convert</c>: make a model folder of a checkpoint, tensor by tensor, without libtorch.</summary>
internal static class ExportCommand
{
    public static Command Create(Terminal terminal) => Create("export", "Make a model folder (Hugging Face style) of a run or checkpoint.", terminal);

    /// <summary><c>checkpoint</c>, the group that holds the same work under the name that checkpoint tools give it.</summary>
    public static Command CreateGroup(Terminal terminal) => new("checkpoint", "Convert checkpoints.")
    {
        Create("convert", "Merge the shards of a checkpoint into a model folder; the same as export.", terminal),
    };

    private static Command Create(string name, string description, Terminal terminal)
    {
        var command = new Command(name, description);
        var source = new Argument<string>("SOURCE") { Description = "A run's folder or its checkpoints/ (the newest checkpoint whose bytes are as they were written), or one checkpoint." };
        var output = new Option<string>("--output") { HelpName = "DIR", Required = true, Description = "The model folder to make; it must be empty or not there yet." };
        var dtype = new Option<string>("--dtype") { Description = "Type of the weights; bf16 rounds each to the nearest.", DefaultValueFactory = _ => "f32" };
        dtype.AcceptOnlyFromAmong("f32", "bf16");
        var step = new Option<long?>("--step") { HelpName = "N", Description = "The run's checkpoint of this step." };
        var best = new Option<bool>("--best") { Description = "The run's checkpoint of the lowest validation loss." };
        command.Arguments.Add(source);
        foreach (var option in (Option[])[output, dtype, step, best]) command.Options.Add(option);
        command.SetAction(arguments => Run(
            terminal, arguments.GetValue(source)!, arguments.GetValue(step), arguments.GetValue(best), arguments.GetValue(output)!,
            arguments.GetValue(dtype) == "bf16" ? TensorType.BF16 : TensorType.F32));
        return command;
    }

    private static int Run(Terminal terminal, string source, long? step, bool best, string output, TensorType type)
    {
        var location = CheckpointLocation.Find(source)
            ?? throw new CheckpointException(source, "it holds no checkpoints", "a run's folder, its checkpoints/, or one checkpoint", "check the path");
        if (step is not null && best) throw new ConfigurationException("--step and --best exclude each other; give one of them.");
        if ((step is not null || best) && location.Checkpoint is not null) throw new ConfigurationException($"{(best ? "--best" : "--step")} chooses among the checkpoints of a run; {source} is one checkpoint.");
        var (checkpoint, manifest) = location.Choose(best ? Best(location) : step, skipped => ErrorReport.Write($"warning: {skipped.Where}: {skipped.Found}; the checkpoint before it is used", terminal));
        ModelExport.Write(checkpoint, manifest, output, type, location.Tokenizer);
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{output}: step {manifest.Progress.Step:N0} of {checkpoint}, {ParameterCount.Of(SavedModel.Config(checkpoint, manifest)).Total:N0} parameters in {type}, {Size.Text(new FileInfo(Path.Combine(output, ModelFolder.WeightsFile)).Length)}"));
        if (!Directory.Exists(location.Tokenizer)) ErrorReport.Write($"warning: {location.Tokenizer} is not there; the model has no tokenizer, and can score token ids only", terminal);
        return ExitCodes.Done;
    }

    private static long Best(CheckpointLocation location)
    {
        var losses = MetricsFile.ReadValLosses(location.MetricsFile);
        long[] best = [.. Retention.BestFirst(location.Store.Complete().Select(CheckpointStore.StepOf), losses)];
        return best.Length > 0 ? best[0]
            : throw new CheckpointException(location.MetricsFile, "it has the validation loss of no checkpoint", "a checkpoint at a step that was validated", "choose one by --step");
    }
}
