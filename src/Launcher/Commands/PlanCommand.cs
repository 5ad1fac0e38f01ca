using System.CommandLine;
using SparkTrain.Configuration;
using SparkTrain.Native;
using SparkTrain.Trainer;

namespace SparkTrain.Launcher.Commands;

/// <summary><c>plan</c>: what a run will take, without taking it.</summary>
internal static class PlanCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("plan", "Show parameters, memory, FLOPs, tokens and checkpoint size of a configuration.");
        var options = new ConfigurationOptions(command);
        var ranks = new Option<int>("--ranks") { HelpName = "N", Description = "Ranks that train together.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print JSON: bytes, FLOPs and counts as plain numbers." };
        var perHost = new Option<int?>("--ranks-per-host") { HelpName = "N", Description = "Ranks of one host; all of them where not given." };
        command.Options.Add(ranks);
        command.Options.Add(perHost);
        command.Options.Add(json);
        command.SetAction(arguments =>
        {
            var resolved = options.Load(arguments);
            int worldSize = arguments.GetValue(ranks);
            if (worldSize < 1) throw new ConfigurationException($"--ranks is {worldSize}; must be at least 1.");
            int ranksPerHost = arguments.GetValue(perHost) ?? worldSize;
            if (ranksPerHost < 1 || worldSize % ranksPerHost != 0) throw new ConfigurationException($"--ranks-per-host is {ranksPerHost}; must divide --ranks {worldSize}.");
            if (BatchLayout.ProblemWith(resolved.Value, worldSize) is var (key, problem)) throw resolved.Refuse(key, problem);
            var plan = RunPlan.Of(resolved.Value, worldSize, ranksPerHost);
            if (arguments.GetValue(json)) terminal.Out.WriteLine(plan.ToJson());
            else PlanText.Write(plan, resolved.File, MachineMemory.Available(), terminal.Out);
        });
        return command;
    }
}
