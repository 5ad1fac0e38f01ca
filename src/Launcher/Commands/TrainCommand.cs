using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json.Nodes;
using Serilog;
using SparkTrain.Checkpoints;
using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.Input;
using SparkTrain.Launcher.Supervision;
using SparkTrain.Launcher.Watching;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>train</c>, the default verb: trains a configuration, or goes on with it, alone or as one rank of many.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command(CommandLine.DefaultVerb, "Train a configuration; run again to go on after an interruption.");
        var options = new ConfigurationOptions(command);
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print warnings and errors only." };
        command.Options.Add(quiet);
        var until = new Option<long?>("--until") { HelpName = "STEP", Description = "Train until this step, save, and leave with exit code 75; the same command without it goes on. 0 saves the first weights." };
        command.Options.Add(until);
        var allowNewData = new Option<bool>("--allow-new-data") { Description = "Go on from a checkpoint of other data or another mixture, at the same place of the new order." };
        command.Options.Add(allowNewData);
        var start = new RankStart(command);
        command.SetAction(arguments => start.Job(arguments) is { } job
            ? start.Run(job, Load(arguments), arguments, terminal)
            : Run(() => Load(arguments), terminal, new(arguments.GetValue(quiet), arguments.GetValue(until), arguments.GetValue(allowNewData))));
        return command;

        ResolvedConfiguration<TrainConfig> Load(ParseResult arguments)
        {
            var resolved = options.Load(arguments);
            long steps = resolved.Value.Training.Steps;
            return arguments.GetValue(until) is not { } step || (step >= 0 && step <= steps) ? resolved
                : throw new ConfigurationException("--until", $"it is {step}", $"a step from 0 to Training.Steps = {steps}", "correct the step, or set Training.Steps");
        }
    }

    private static int Run(Func<ResolvedConfiguration<TrainConfig>> load, Terminal terminal, Wishes wishes)
    {
        var launcher = LauncherEnvironment.Detect(Environment.GetEnvironmentVariable);
        // Signals may come as soon as the supervisor has heard of this rank.
        using var stop = new StopSignals(terminal, "finishing the step, saving, leaving");
        using var supervised = SupervisedRank.Start(launcher?.Rank ?? 0, stop, terminal);
        return supervised.Run(heartbeats =>
            // One rank needs no MPI and loads none.
            launcher is { WorldSize: > 1 }
                ? RankJob.Run(launcher, load, terminal, heartbeats, (resolved, ranks) => Train(resolved, ranks, terminal, wishes, stop.Token))
                : TrainAlone(load(), terminal, heartbeats, wishes, stop.Token));
    }

    private static int TrainAlone(ResolvedConfiguration<TrainConfig> resolved, Terminal terminal, HeartbeatSender? heartbeats, Wishes wishes, CancellationToken stop)
    {
        using var self = new SingleProcess();
        heartbeats?.Ask(() => self.Current);
        return Train(resolved, self, terminal, wishes, stop);
    }

    private static int Train(ResolvedConfiguration<TrainConfig> resolved, ICollectives ranks, Terminal terminal, Wishes wishes, CancellationToken stop)
    {
        var config = ComputeChoice.Decide(resolved.Value, ranks);
        ranks.Report(0, "start");
        int threads = config.Training.Threads > 0 ? config.Training.Threads : Cores.OfRank(ranks);
        ranks.Agree(() =>
        {
            if (BatchLayout.ProblemWith(config, ranks.WorldSize) is var (key, problem)) throw resolved.Refuse(key, problem);
            MemoryEstimate.Require(config, ranks.WorldSize, ranks.HostRanks.Count, MachineMemory.Available());
            LibTorch.Load(threads);
        }, ErrorReport.Describe);
        using var data = ranks.Agree(() => TrainingData.Open(config), ErrorReport.Describe);
        ranks.Agree(() => { if (config.Generation.ProblemWith(data.Tokenizer, config.Model) is var (key, problem)) throw resolved.Refuse(key, problem); }, ErrorReport.Describe);
        using var folder = Open(config.Run, ranks);
        using var log = ranks.Agree(() => RunLog.Create(terminal, folder, config, wishes.Quiet), ErrorReport.Describe);
        using var trainer = ranks.Agree(() => new Trainer.Trainer(config, folder, data, ranks, log, wishes.AllowNewData), ErrorReport.Describe);
        ranks.Agree(() => { if (ranks.Rank == 0) folder.WriteText(folder.ConfigFile, Decided(resolved, config)); }, ErrorReport.Describe);
        return Run(trainer, config, ThisProcess.Origin(ranks.WorldSize, data.Fingerprint), folder, ranks, log, wishes, stop) == TrainOutcome.Complete ? ExitCodes.Done : ExitCodes.SavedAndLeft;
    }

    // The type that Auto stands for is kept.
    private static string Decided(ResolvedConfiguration<TrainConfig> resolved, TrainConfig config)
    {
        var json = JsonNode.Parse(resolved.ToJson())!;
        json["Training"]!["Compute"] = config.Training.Compute.ToString();
        return json.ToJsonString(new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
    }

    // Rank 0 says what the run is and how it ended, and leaves a report.
    private static TrainOutcome Run(Trainer.Trainer trainer, TrainConfig config, RunOrigin origin, RunFolder folder, ICollectives ranks, ILogger log, Wishes wishes, CancellationToken stop)
    {
        bool speaks = ranks.Rank == 0;
        if (speaks && ComputeChoice.Cost(config.Training) is { } cost) log.Warning(TrainEvents.ComputeCost, cost);
        if (speaks) RunAnnouncement.Begin(log, config, origin, trainer.Progress.Step);
        try
        {
            var outcome = trainer.Run(stop, wishes.Until);
            if (speaks) End(outcome == TrainOutcome.Complete ? RunStatus.Complete : RunStatus.Stopped, null);
            return outcome;
        }
        catch (Exception e) when (speaks)
        {
            End(RunStatus.Failed, e.Message);
            throw;
        }

        void End(RunStatus status, string? problem)
        {
            RunAnnouncement.End(log, config, trainer.Progress.Step, status, problem);
            try
            {
                RunReport.Of(config, origin, status, problem, trainer.Progress, folder, DateTime.UtcNow).Write(folder);
            }
            // The run has its end already.
            catch (CheckpointException e)
            {
                log.Warning("no report: {Problem}", e.Message);
            }
        }
    }

    /// <summary>What the command line asks of this start of a run.</summary>
    private readonly record struct Wishes(bool Quiet, long? Until, bool AllowNewData);

    // Rank 0 makes the folder and holds it; the others must then find it.
    private static RunFolder Open(RunConfig run, ICollectives ranks)
    {
        var held = ranks.Agree(() => ranks.Rank == 0 ? RunFolder.Open(run) : null, ErrorReport.Describe);
        var folder = ranks.Agree(() => held ?? RunFolder.Join(run), ErrorReport.Describe);
        int? unlike = ranks.FirstUnlike(folder.Key);
        ranks.Agree(() => { if (unlike == ranks.Rank) throw RunFolder.NotShared(folder.Path, $"the folder of this name on {Environment.MachineName} is not the one that rank 0 has opened"); }, ErrorReport.Describe);
        return folder;
    }
}
