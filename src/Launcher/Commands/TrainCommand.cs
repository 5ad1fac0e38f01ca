using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Distributed;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>train</c>, the default verb: trains a configuration, or goes on with it.</summary>
internal static class TrainCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command(CommandLine.DefaultVerb, "Train a configuration; run again to go on after an interruption.");
        var options = new ConfigurationOptions(command);
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print warnings and errors only." };
        command.Options.Add(quiet);
        command.SetAction(arguments => Run(options.Load(arguments), terminal, arguments.GetValue(quiet)));
        return command;
    }

    private static int Run(ResolvedConfiguration<TrainConfig> resolved, Terminal terminal, bool quiet)
    {
        var config = resolved.Value;
        using var ranks = new SingleProcess();
        RefuseLauncherOfManyRanks();
        MemoryEstimate.Require(config, worldSize: 1, ranksHere: 1, MachineMemory.Available());
        LibTorch.Load(config.Training.Threads);

        using var folder = RunFolder.Open(config.Run);
        using var log = RunLog.Create(terminal, folder, quiet);
        using var stop = new StopSignals(terminal, "finishing the step, saving, leaving");
        using var trainer = new Trainer.Trainer(config, folder, ranks, log);
        File.WriteAllText(folder.ConfigFile, resolved.ToJson());
        return trainer.Run(stop.Token) == TrainOutcome.Complete ? ExitCodes.Done : ExitCodes.SavedAndLeft;
    }

    // Each process would train the same run by itself.
    private static void RefuseLauncherOfManyRanks()
    {
        foreach (string variable in (string[])["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_NTASKS"])
            if (int.TryParse(Environment.GetEnvironmentVariable(variable), out int size) && size > 1)
                throw new EnvironmentException(variable, $"it is {size}: a launcher has started {size} processes", "one: this version trains in a single process", "run the command without mpiexec or srun");
    }
}
