using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using SparkTrain.Configuration;
using SparkTrain.Input;
using SparkTrain.Launcher.Commands;

namespace SparkTrain.Launcher;

/// <summary>The verbs, and the way from arguments to an exit code.</summary>
internal static class CommandLine
{
    public const string Invocation = "dotnet Launcher.dll";
    public const string DefaultVerb = "train";

    /// <summary>Every verb, in the order of the first screen.</summary>
    public static IReadOnlyList<CommandGroup> Groups(Terminal terminal) =>
    [
        new("Train", [PrepareCommand.Create(terminal), DataCommand.Create(terminal), PlanCommand.Create(terminal), TrainCommand.Create(terminal)]),
        new("Use a model", [GenerateCommand.Create(terminal), ServeCommand.Create(terminal), ScoreCommand.Create(terminal), EvaluateCommand.Create(terminal), UpcycleCommand.Create(terminal)]),
        new("Look after checkpoints", [InspectCommand.Create(terminal), ExportCommand.Create(terminal)]),
        new("Watch runs", [RunsCommand.Create(terminal)]),
        new("Configure", [ConfigCommand.Create(terminal)]),
        new("Check", [DoctorCommand.Create(terminal), VerifyResumeCommand.Create(terminal)]),
    ];

    /// <summary>Runs the verb that the arguments name and returns the process's exit code.</summary>
    public static int Run(string[] args, Terminal terminal)
    {
        try
        {
            // An argument that begins with @ is an argument, a prompt for example, not a file of arguments.
            var result = Root(terminal).Parse(WithVerb(args), new ParserConfiguration { ResponseFileTokenReplacer = null });
            // Only training is the work of many ranks. The others have nothing to add to what rank 0 does and says, and leave before they have joined it.
            if (terminal.Rank > 0 && !Trains(result)) return ExitCodes.Done;
            if (result.Action is System.CommandLine.Invocation.ParseErrorAction) return WrongUsage(result, terminal);
            // Signals are the trainer's: the library would end the process two seconds after the first one.
            return result.Invoke(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
                Output = terminal.Out,
                Error = terminal.Error,
            });
        }
        catch (Exception e)
        {
            return ErrorReport.Write(e, terminal);
        }
    }

    /// <summary>Puts the verb <c>train</c> before options that stand alone; no arguments at all ask for help.</summary>
    internal static string[] WithVerb(string[] args) => args switch
    {
        [] => ["--help"],
        ["-h" or "-?" or "--help" or "--version", ..] => args,
        [['-', ..], ..] => [DefaultVerb, .. args],
        _ => args,
    };

    private static RootCommand Root(Terminal terminal)
    {
        var groups = Groups(terminal);
        var root = new RootCommand("Pretrains Spark Transformers.") { HelpName = Invocation };
        foreach (var command in groups.SelectMany(group => group.Commands)) root.Subcommands.Add(command);
        foreach (var help in root.Options.OfType<HelpOption>()) help.Action = new FirstScreen(groups, (HelpAction)help.Action!);
        return root;
    }

    private static bool Trains(ParseResult result) => result.CommandResult.Command is { Name: DefaultVerb } verb && result.Action == verb.Action;

    private static int WrongUsage(ParseResult result, Terminal terminal)
    {
        var command = result.CommandResult.Command;
        var verb = command is RootCommand ? "" : $" {string.Join(' ', Path(result.CommandResult))}";
        // A mistyped word also makes required ones appear missing: say the cause, not the consequence.
        var problems = result.UnmatchedTokens.Count > 0
            ? result.UnmatchedTokens.Take(1).Select(token => Unmatched(token, command, verb))
            : result.Errors.Select(error => error.Message).Distinct();
        ErrorReport.Write($"error: {string.Join("\n       ", problems)}\n{Invocation}{verb} --help shows what there is.", terminal);
        return ExitCodes.Configuration;
    }

    private static string Unmatched(string token, Command command, string verb)
    {
        var isOption = token.StartsWith('-');
        var known = isOption ? command.Options.Select(option => option.Name) : command.Subcommands.Select(sub => sub.Name);
        var near = NearestName.Of(token, [.. known]);
        var what = isOption ? "option" : command.Subcommands.Count > 0 ? "verb" : "argument";
        return $"{verb.TrimStart()}{(verb.Length > 0 ? " has" : "there is")} no {what} '{token}'." + (near is null ? "" : $" Did you mean {near}?");
    }

    private static IEnumerable<string> Path(CommandResult result) =>
        result.Parent is CommandResult { Command: not RootCommand } parent ? Path(parent).Append(result.Command.Name) : [result.Command.Name];
}
