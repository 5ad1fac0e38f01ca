using System.CommandLine;
using System.Text.Json;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Input;
using SparkTrain.Launcher.Inspection;
using SparkTrain.ModelFormat;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>inspect</c>: shows what a run's checkpoints, one checkpoint or a model folder hold. Loads no tensors.</summary>
internal static class InspectCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(Terminal terminal)
    {
        var command = new Command("inspect", "Show what a run, a checkpoint or a model folder holds, and whether it is as it was written.");
        var folder = new Argument<string>("DIR") { Description = "A run's folder or its checkpoints/ (a line for each checkpoint), one checkpoint, or a model folder." };
        var verify = new Option<bool>("--verify") { Description = "Read every file and compare its hash; exit code 4 where a checkpoint is damaged or there is none." };
        var tensors = new Option<bool>("--tensors") { Description = "List the tensors of a checkpoint or model: type, shape, and in which bytes of which file they lie." };
        var config = new Option<bool>("--config") { Description = "Print the configuration that a checkpoint was trained with." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        command.Arguments.Add(folder);
        foreach (var option in (Option[])[verify, tensors, config, json]) command.Options.Add(option);
        command.SetAction(arguments =>
        {
            var show = new Show(arguments.GetValue(verify), arguments.GetValue(tensors), arguments.GetValue(config), arguments.GetValue(json), terminal.Out);
            string path = arguments.GetValue(folder)!;
            return CheckpointLocation.Find(path) switch
            {
                { Checkpoint: not null } one => Checkpoint(one, show),
                { } run => Run(run, show),
                null => Model(path, show),
            };
        });
        return command;
    }

    private static int Run(CheckpointLocation run, Show show)
    {
        if (show.Tensors || show.Config) throw new ConfigurationException($"{(show.Tensors ? "--tensors" : "--config")} is for one checkpoint; {run.Path} holds several. Name one of them.");
        var entries = run.Entries();
        if (show.Verify) entries = [.. entries.Select(entry => entry.State is CheckpointState.Incomplete or CheckpointState.Unfinished ? entry : entry.Verified())];
        var valLosses = MetricsFile.ReadValLosses(run.MetricsFile);
        if (show.Json) show.Output.WriteLine(InspectionJson.Of(run.Path, entries, valLosses));
        else CheckpointTable.Write(entries, valLosses, DateTime.UtcNow, show.Output);
        // What is unfinished or set aside is no loss: the run never counted on it.
        CheckpointEntry[] counted = [.. entries.Where(entry => entry.Counts)];
        return show.Verify && (counted.Length == 0 || counted.Any(entry => entry.Problems is not [])) ? ExitCodes.Model : ExitCodes.Done;
    }

    private static int Checkpoint(CheckpointLocation one, Show show)
    {
        var entry = one.Entries()[0];
        var manifest = CheckpointManifest.Read(entry.Folder);
        if (show.Verify) entry = entry.Verified();
        var valLosses = MetricsFile.ReadValLosses(one.MetricsFile);
        if (show.Json)
        {
            show.Output.WriteLine(InspectionJson.Of(entry, manifest, valLosses, show.Tensors, show.Config));
        }
        else
        {
            CheckpointText.Write(entry, manifest, valLosses.TryGetValue(entry.Step, out double loss) ? loss : null, show.Output);
            if (show.Tensors) CheckpointText.WriteTensors(SavedModel.Tensors(entry.Folder, manifest), show.Output);
            if (show.Config) show.Output.WriteLine(manifest.Config.ToJsonString(Indented));
        }
        return entry.Problems is null or [] ? ExitCodes.Done : ExitCodes.Model;
    }

    private static int Model(string path, Show show)
    {
        if (!ModelFolder.IsOne(path))
            throw new CheckpointException(path, $"it holds neither checkpoints nor {ModelFolder.ConfigFile}", "a run's folder, its checkpoints/, one checkpoint, or a model folder", "check the path");
        if (show.Verify || show.Config) throw new ConfigurationException($"{(show.Verify ? "--verify" : "--config")} is for checkpoints; {path} is a model folder, which holds {(show.Verify ? "no hashes" : "config.json")}.");
        using var folder = ModelFolder.Open(path);
        if (show.Json) show.Output.WriteLine(InspectionJson.Of(folder, show.Tensors));
        else ModelText.Write(folder, show.Tensors, show.Output);
        return ExitCodes.Done;
    }

    /// <summary>What to show, and how.</summary>
    private sealed record Show(bool Verify, bool Tensors, bool Config, bool Json, TextWriter Output);
}
